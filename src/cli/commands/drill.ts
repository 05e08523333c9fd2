import type { Command } from 'commander';
import { findDrills, type LoadedDrill } from '../../config/load-drills.ts';
import type { DrillReport } from '../../domain/drill.ts';
import { openContext, withClient, type Context } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { onInterrupt } from '../interrupt.ts';
import { renderDrill, renderDrillDefinitions, renderDrills } from '../output/render-drill.ts';
import { paintStatus } from '../output/render.ts';
import { parseLimit } from '../parse-limit.ts';
import { addFromCommand } from './drill-from.ts';
import { addSuiteCommands } from './drill-suite.ts';

interface RunOptions {
  host?: string;
  detach?: boolean;
  dryRun?: boolean;
  load?: string;
}

/** One after the other: what they measure is not to be each other. */
async function runAll(drills: readonly LoadedDrill[], host: string, context: Context): Promise<void> {
  const { output } = context;
  const stop = onInterrupt();
  const reports: DrillReport[] = [];
  await withClient(context, async (recoveries) => {
    for (const { metadata, spec } of drills) {
      if (stop.aborted) break;
      const handle = await recoveries.drills.start({ name: metadata.name, host, spec });
      const cancel = (): void => void handle.cancel().catch(() => undefined);
      stop.addEventListener('abort', cancel, { once: true });
      output.info(output.paint.dim(`${handle.workflowId} …`));
      const report = await handle.result();
      stop.removeEventListener('abort', cancel);
      reports.push(report);
      if (drills.length > 1) {
        const why = report.problems.length > 0 ? `  ${report.problems[0]}` : '';
        output.event(
          { event: 'drill', ...report },
          () => `${paintStatus(output.paint, report.verdict)}  ${report.name}${why}`,
        );
      }
    }
  });
  const [only] = reports;
  if (drills.length === 1 && only) output.value(only, () => renderDrill(output.paint, only));
  else if (drills.length > 1) {
    const passed = reports.filter(({ verdict }) => verdict === 'passed').length;
    const summary = {
      drills: drills.length,
      passed,
      failed: reports.length - passed,
      notRun: drills.length - reports.length,
    };
    output.event({ event: 'summary', ...summary }, () => `${passed} of ${drills.length} drills passed.`);
  }
  if (stop.aborted) process.exitCode = EXIT.interrupted;
  else if (reports.some(({ verdict }) => verdict !== 'passed')) process.exitCode = EXIT.invalid;
}

async function run(names: string[], options: RunOptions, command: Command): Promise<void> {
  const context = await openContext(command);
  const { output, settings } = context;
  const found = await findDrills(names);
  const load = options.load === undefined ? {} : { load: { workers: parseLimit(options.load, '--load', 8) } };
  const drills = found.map((drill) => ({ ...drill, spec: { ...drill.spec, ...load } }));
  const host = options.host ?? settings.host;
  if (options.dryRun)
    return output.list(drills, () => `Would be run on ${host}:\n${renderDrillDefinitions(output.paint, drills)}`);
  if (!options.detach) return runAll(drills, host, context);
  await withClient(context, async (recoveries) => {
    const started: { workflowId: string }[] = [];
    for (const { metadata, spec } of drills) {
      const { workflowId } = await recoveries.drills.start({ name: metadata.name, host, spec });
      started.push({ workflowId });
    }
    output.list(started, () => started.map(({ workflowId }) => `Started ${workflowId}.`).join('\n'));
  });
}

async function list(options: { limit: string; name?: string; definitions?: boolean }, command: Command): Promise<void> {
  const context = await openContext(command);
  const { output } = context;
  if (options.definitions) {
    const drills = await findDrills();
    return output.list(drills, () => renderDrillDefinitions(output.paint, drills));
  }
  await withClient(context, async (recoveries) => {
    const { limit, name } = options;
    const found = await recoveries.drills.list({ limit: parseLimit(limit), ...(name ? { name } : {}) });
    output.list(found, () => renderDrills(output.paint, found));
  });
}

async function report(id: string, _options: object, command: Command): Promise<void> {
  const context = await openContext(command);
  const { output } = context;
  await withClient(context, async ({ drills }) => {
    const handle = drills.handle(id);
    if (await handle.isOpen()) {
      const facts = await handle.facts();
      return output.value(facts, () => `${handle.workflowId} is still running; the report is made when it ends.`);
    }
    const found = await handle.result();
    output.value(found, () => renderDrill(output.paint, found));
    if (found.verdict !== 'passed') process.exitCode = EXIT.invalid;
  });
}

export function addDrillCommands(program: Command): void {
  const drill = program
    .command('drill')
    .description('Faults that are injected on purpose, and how they are recovered from.');
  drill
    .command('run')
    .argument('[names...]', 'built-in drills, files or directories; default: all built-in ones')
    .option('--host <name>', 'whose worker runs it; default: this machine')
    .option('--load <workers>', 'under load: with so many programs that do nothing but compute')
    .option('--detach', 'do not wait for the end')
    .option('--dry-run', 'say what would be run')
    .description(
      'This command will break something in a sandbox, have it recovered, and judge that against its objectives.',
    )
    .addHelpText('after', '\nExample:\n  $ rerail drill run git-lock')
    .action(run);
  drill
    .command('list')
    .option('--definitions', 'the built-in drills instead of those that were run')
    .option('--name <drill>', 'of this drill only')
    .option('--limit <count>', 'at most so many', '50')
    .description('This command will list drills with their verdicts and times, newest first.')
    .addHelpText('after', '\nExample:\n  $ rerail drill list --name git-lock')
    .action(list);
  drill
    .command('report')
    .argument('<id>', 'as the list shows it')
    .description('This command will show how a drill ended: objectives beside what was measured.')
    .addHelpText('after', '\nExample:\n  $ rerail drill report drill/git-lock/2026-01-01t12-00-00-000')
    .action(report);
  addFromCommand(drill);
  addSuiteCommands(drill);
}
