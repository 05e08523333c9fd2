import path from 'node:path';
import type { Command } from 'commander';
import { loadPipeline, type LoadedPipeline } from '../../config/load-pipeline.ts';
import { loadPlaybooks } from '../../config/load-playbooks.ts';
import { isRerailError, RerailError } from '../../domain/errors.ts';
import { findPlaybook } from '../../planner/make-plan.ts';
import { findCommand } from '../../process/find-command.ts';
import { openContext, withClient } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { followRun } from '../follow-run.ts';
import { onInterrupt } from '../interrupt.ts';
import { renderRun } from '../output/render.ts';

interface RunOptions {
  workspace?: string;
  key?: string;
  playbook?: string;
  detach?: boolean;
  dryRun?: boolean;
}

/** Programs are looked up before anything starts; what earlier steps may build (`./dist/tool`) is not. */
async function checkCommands({ pipeline, workspace, file }: LoadedPipeline): Promise<void> {
  for (const phase of pipeline.spec.phases) {
    for (const step of phase.steps) {
      const undo = Array.isArray(step.compensate) ? step.compensate : (step.compensate?.command ?? []);
      for (const [field, word] of [
        ['run', step.run[0]],
        ['compensate', undo[0]],
      ] as const) {
        if (word === undefined || word.includes('/')) continue;
        await findCommand(word, workspace).catch((error: unknown) => {
          if (!isRerailError(error)) throw error;
          throw new RerailError(
            error.code,
            `${file}: phase ${phase.name}, step ${step.name}, ${field}: ${error.message}`,
            {
              ...(error.remedy ? { remedy: error.remedy } : {}),
              nonRetryable: true,
            },
          );
        });
      }
    }
  }
}

async function run(file: string, options: RunOptions, command: Command): Promise<void> {
  const context = await openContext(command);
  const { output, settings } = context;
  const loaded = await loadPipeline(file, options.workspace ? { workspace: path.resolve(options.workspace) } : {});
  await checkCommands(loaded);
  if (options.playbook) findPlaybook(options.playbook, await loadPlaybooks(settings.playbooksDir));
  const { pipeline, workspace } = loaded;
  if (options.dryRun) {
    return output.value({ pipeline, workspace }, () =>
      pipeline.spec.phases
        .flatMap(({ name, steps }) => steps.map((step) => `${name}/${step.name}: ${step.run.join(' ')}`))
        .join('\n'),
    );
  }
  const stop = onInterrupt();
  await withClient(context, async (recoveries) => {
    const handle = await recoveries.runs.start({
      pipeline,
      workspace,
      host: settings.host,
      ...(options.key ? { key: options.key } : {}),
      ...(options.playbook ? { playbook: options.playbook } : {}),
    });
    if (options.detach) return output.value({ workflowId: handle.workflowId }, () => `Started ${handle.workflowId}.`);
    output.info(`${handle.workflowId} in ${workspace}`);
    const report = await followRun({ handle, recoveries, output, stop });
    if (!report) {
      output.info(`${handle.workflowId} goes on without this terminal.`);
      process.exitCode = EXIT.interrupted;
      return;
    }
    if (output.format === 'text') output.info('');
    output.value(report, () => renderRun(output.paint, report));
    process.exitCode = report.status === 'succeeded' ? EXIT.done : EXIT.unrecovered;
  });
}

export function addRunCommand(program: Command): void {
  program
    .command('run <pipeline>')
    .description('This command will run a pipeline with checkpoints; a step that fails is recovered.')
    .option('--workspace <directory>', 'instead of the one in the file')
    .option('--key <key>', 'tells the runs of one pipeline apart; default: the time')
    .option('--playbook <name>', 'for its recoveries, instead of the one that matches')
    .option('--detach', 'start it and return')
    .option('--dry-run', 'only check the pipeline and list its steps')
    .addHelpText('after', '\nExample:\n  $ rerail run release.yaml')
    .action(run);
}
