import path from 'node:path';
import { Option, type Command } from 'commander';
import { loadPipeline, type LoadedPipeline } from '../../config/load-pipeline.ts';
import { loadPlaybooks } from '../../config/load-playbooks.ts';
import { isRerailError, RerailError } from '../../domain/errors.ts';
import { LANES, type Lane } from '../../domain/failure.ts';
import type { PipelineStep } from '../../domain/pipeline.ts';
import { completeInputs } from '../../domain/run-inputs.ts';
import { isTemplate } from '../../domain/template.ts';
import { findPlaybook } from '../../planner/make-plan.ts';
import { findCommand } from '../../process/find-command.ts';
import { openContext, withClient } from '../context.ts';
import { readInputs } from '../failure-options.ts';
import { EXIT } from '../exit-codes.ts';
import { followRun } from '../follow-run.ts';
import { onInterrupt } from '../interrupt.ts';
import { renderRun } from '../output/render.ts';
import { requireReportPlace, writeRunReport } from '../run-report-file.ts';
import { addByOption, needReason, type SignedOptions } from '../signed-options.ts';

interface RunOptions extends SignedOptions {
  workspace?: string;
  key?: string;
  playbook?: string;
  detach?: boolean;
  dryRun?: boolean;
  input?: string[];
  lane?: Lane;
  from?: string;
  report?: string;
}

function describeStep({ run: argv, activity, http, workflow, when, lanes }: PipelineStep): string {
  const what =
    argv?.join(' ') ??
    (http ? `${http.method} ${http.url}` : undefined) ??
    (activity ? `activity ${activity.name}` : `workflow ${workflow?.type ?? ''}`);
  const unless = [
    ...(when === undefined ? [] : [`when ${typeof when === 'string' ? when : JSON.stringify(when)}`]),
    ...(lanes ? [`lane ${lanes.join(', ')}`] : []),
  ];
  return unless.length > 0 ? `${what}  (${unless.join('; ')})` : what;
}

/** Programs are looked up before anything starts; what earlier steps may build (`./dist/tool`) is not. */
async function checkCommands({ pipeline, workspace, file }: LoadedPipeline): Promise<void> {
  for (const phase of pipeline.spec.phases) {
    for (const step of phase.steps) {
      const undo = Array.isArray(step.compensate) ? step.compensate : (step.compensate?.command ?? []);
      for (const [field, word] of [
        ['run', step.run?.[0]],
        ['compensate', undo[0]],
      ] as const) {
        if (word === undefined || word.includes('/') || isTemplate(word)) continue;
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
  const { workspace } = loaded;
  const pipeline = options.lane
    ? { ...loaded.pipeline, spec: { ...loaded.pipeline.spec, lane: options.lane } }
    : loaded.pipeline;
  const inputs = completeInputs(pipeline, readInputs(options.input));
  if (options.dryRun) {
    return output.value({ pipeline, workspace, inputs }, () =>
      pipeline.spec.phases
        .flatMap(({ name, steps }) => steps.map((step) => `${name}/${step.name}: ${describeStep(step)}`))
        .join('\n'),
    );
  }
  if (options.report !== undefined) await requireReportPlace(options.report);
  const stop = onInterrupt();
  await withClient(context, async (recoveries) => {
    const handle = await recoveries.runs.start({
      pipeline,
      workspace,
      host: settings.host,
      inputs,
      ...(options.from
        ? {
            resumeFrom: {
              checkpointId: options.from,
              by: options.by,
              reason: await needReason(options.reason, output),
            },
          }
        : {}),
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
    if (options.report !== undefined) await writeRunReport(options.report, report, recoveries);
    process.exitCode = report.status === 'succeeded' ? EXIT.done : EXIT.unrecovered;
  });
}

export function addRunCommand(program: Command): void {
  addByOption(program.command('run <pipeline>'))
    .description('This command will run a pipeline with checkpoints; a step that fails is recovered.')
    .option('--workspace <directory>', 'instead of the one in the file')
    .option('--key <key>', 'tells the runs of one pipeline apart; default: the time')
    .option('--playbook <name>', 'for its recoveries, instead of the one that matches')
    .option('--input <name=value...>', 'what the pipeline declares as inputs; a value may be JSON')
    .addOption(new Option('--lane <lane>', 'instead of the one in the file').choices(LANES))
    .option('--from <checkpoint>', 'go back to this checkpoint of an earlier run of the pipeline and go on behind it')
    .option('--reason <text>', 'with --from: why; kept with the backup')
    .addOption(
      new Option(
        '--report <file>',
        'when it ends: write it and the reports of its recoveries to this file, as Markdown',
      ).conflicts(['detach', 'dryRun']),
    )
    .option('--detach', 'start it and return')
    .option('--dry-run', 'only check the pipeline and list its steps')
    .addHelpText('after', '\nExample:\n  $ rerail run release.yaml')
    .action(run);
}
