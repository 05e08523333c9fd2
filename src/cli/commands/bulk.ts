import { Option, type Command } from 'commander';
import type { Bulks } from '../../client/bulks.ts';
import { RECOVERY_WAYS, type BulkInputGiven, type BulkReport } from '../../domain/bulk.ts';
import { DurationSchema } from '../../domain/duration.schema.ts';
import { RerailError } from '../../domain/errors.ts';
import { parseInput } from '../../domain/parse-input.ts';
import { openContext, withClient, type Context } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { renderBulk, renderBulks, renderPreview } from '../output/render-bulk.ts';
import { addSignedOptions, signed, type SignedOptions } from '../signed-options.ts';

interface BulkOptions extends SignedOptions {
  query?: string;
  how: BulkInputGiven['how'];
  maxConcurrent?: string;
  rate?: string;
  maxErrors?: string;
  maxFailures?: string;
  watchFor?: string;
  breaker?: string;
  execute?: boolean;
  dryRun?: boolean;
  wait?: boolean;
}

const numberOf = (text: string): number | string => (Number.isNaN(Number(text)) ? text : Number(text));

/** What was typed; the client says which field is wrong. */
async function inputOf(
  name: string,
  options: BulkOptions,
  { output }: Context,
  dryRun: boolean,
): Promise<BulkInputGiven> {
  const { query, how, maxConcurrent, rate, maxErrors, maxFailures, watchFor, breaker } = options;
  if (!query?.trim()) {
    throw new RerailError('invalid-input', '--query is missing', {
      remedy: 'Say which executions: --query "WorkflowType = \'order\'".',
    });
  }
  const { by, reason } = dryRun
    ? { by: options.by, reason: options.reason ?? 'a dry run' }
    : await signed(options, output);
  const given: Record<string, unknown> = { name, query, how, dryRun, by, reason };
  const numbers = { maxConcurrent, ratePerMinute: rate, maxErrors, maxFailures };
  for (const [field, text] of Object.entries(numbers)) if (text !== undefined) given[field] = numberOf(text);
  if (watchFor !== undefined) given['watchFor'] = watchFor;
  if (breaker !== undefined) given['breaker'] = breaker;
  // The client parses it, and names what is wrong.
  return given as BulkInputGiven;
}

function addBulkOptions(command: Command): Command {
  command
    .option('--query <query>', 'of Visibility; without a word on ExecutionStatus: failed, timed out, terminated')
    .addOption(
      new Option('--how <way>', 'from before the failed step, or from the start')
        .choices(RECOVERY_WAYS)
        .default('reset'),
    )
    .option('--max-concurrent <count>', 'executions at a time (default: 5)')
    .option('--rate <per-minute>', 'executions begun in a minute (default: 60)')
    .option('--max-errors <limit>', 'stop after more than this: a count or "20%" (default: 20%)')
    .option('--max-failures <count>', 'leave alone what has failed more often (default: 3)')
    .option('--watch-for <duration>', 'how long each is watched for another failure (default: 1m)')
    .option('--breaker <name>', 'ask this circuit breaker before each');
  return addSignedOptions(command);
}

function end({ output }: Context, report: BulkReport): void {
  output.value(report, () => renderBulk(output.paint, report));
  if (report.status === 'stopped' || report.status === 'cancelled' || report.counts.failed > 0)
    process.exitCode = EXIT.unrecovered;
}

async function start(name: string, options: BulkOptions, command: Command): Promise<void> {
  const context = await openContext(command);
  const { output } = context;
  const dryRun = options.dryRun === true || options.execute !== true;
  const input = await inputOf(name, options, context, dryRun);
  await withClient(context, async ({ bulks }) => {
    if (dryRun) {
      const preview = await bulks.preview(input);
      return output.value(preview, () => renderPreview(output.paint, preview));
    }
    const started = await bulks.start(input);
    if (options.wait) return end(context, await bulks.result(name));
    output.value(started, () => `Started ${started.workflowId}. Look at it: rerail bulk show ${name}`);
  });
}

async function schedule(name: string, options: BulkOptions & { every?: string }, command: Command): Promise<void> {
  const context = await openContext(command);
  const { output } = context;
  const every = parseInput(DurationSchema, options.every, '--every');
  const input = await inputOf(name, options, context, false);
  await withClient(context, async ({ bulks }) => {
    if (options.dryRun) {
      const preview = await bulks.preview(input);
      return output.value({ ...preview, every }, () => renderPreview(output.paint, preview));
    }
    const done = await bulks.schedule(input, every);
    output.value(
      { ...done, every },
      () => `${done.scheduleId} ${done.replaced ? 'was replaced' : 'is scheduled'}, every ${every}`,
    );
  });
}

async function list(_options: object, command: Command): Promise<void> {
  const context = await openContext(command);
  const { output } = context;
  await withClient(context, async ({ bulks }) => {
    const found = await bulks.list();
    output.list(found, () => renderBulks(output.paint, found));
  });
}

async function show(name: string, options: { wait?: boolean }, command: Command): Promise<void> {
  const context = await openContext(command);
  const { output } = context;
  await withClient(context, async ({ bulks }) => {
    if (options.wait) return end(context, await bulks.result(name));
    const report = await bulks.progress(name);
    output.value(report, () => renderBulk(output.paint, report));
  });
}

const VERBS = {
  pause: 'begin no further execution until it is resumed',
  resume: 'go on with a paused bulk recovery',
  stop: 'end a bulk recovery; what is under way is watched to its end',
} as const;

async function change(
  verb: keyof typeof VERBS,
  name: string,
  options: SignedOptions & { dryRun?: boolean },
  command: Command,
): Promise<void> {
  const context = await openContext(command);
  const { output } = context;
  const input = await signed(options, output);
  await withClient(context, async ({ bulks }: { bulks: Bulks }) => {
    if (options.dryRun) {
      const { status } = await bulks.progress(name);
      return output.value(
        { name, status, verb, dryRun: true },
        () => `${name} is ${status} and would be asked to ${verb}`,
      );
    }
    const { status, note } = await bulks[verb](name, input);
    output.value({ name, status, note }, () => `${name}: ${status}, ${note}`);
  });
}

async function unschedule(name: string, options: { dryRun?: boolean }, command: Command): Promise<void> {
  const context = await openContext(command);
  const { output } = context;
  await withClient(context, async ({ bulks }) => {
    if (!options.dryRun) await bulks.unschedule(name);
    output.value(
      { name, dryRun: options.dryRun ?? false },
      () => `schedule ${name} ${options.dryRun ? 'would be' : 'was'} removed`,
    );
  });
}

export function addBulkCommands(program: Command): void {
  const bulk = program
    .command('bulk')
    .description('Recover many failed executions of your own: paced, with preview and stop.');
  addBulkOptions(bulk.command('start <name>'))
    .description('This command will say which failed executions a query finds; with --execute it recovers them.')
    .option('--execute', 'do it; otherwise it only says what it would do')
    .option('--dry-run', 'only say what it would do (the default)')
    .option('--wait', 'wait for its end')
    .addHelpText(
      'after',
      '\nExample:\n  $ rerail bulk start card-outage --query "WorkflowType = \'order\'" --execute --reason "cards work again"',
    )
    .action(start);
  addBulkOptions(bulk.command('schedule <name>'))
    .description(
      'This command will recover what a query finds every so often; it replaces a schedule of the same name.',
    )
    .requiredOption('--every <duration>', 'how often, such as 10m')
    .option('--dry-run', 'only say what it would find now')
    .addHelpText(
      'after',
      '\nExample:\n  $ rerail bulk schedule orders --query "WorkflowType = \'order\'" --every 10m --reason "nobody watches at night"',
    )
    .action(schedule);
  bulk
    .command('unschedule <name>')
    .description('This command will remove the schedule of a bulk recovery.')
    .option('--dry-run', 'only say what it would do')
    .addHelpText('after', '\nExample:\n  $ rerail bulk unschedule orders')
    .action(unschedule);
  bulk
    .command('list')
    .description('This command will list bulk recoveries, newest first.')
    .addHelpText('after', '\nExample:\n  $ rerail bulk list')
    .action(list);
  bulk
    .command('show <name>')
    .description('This command will show where a bulk recovery stands and what became of each execution.')
    .option('--wait', 'wait for its end')
    .addHelpText('after', '\nExample:\n  $ rerail bulk show card-outage')
    .action(show);
  for (const verb of ['pause', 'resume', 'stop'] as const) {
    addSignedOptions(bulk.command(`${verb} <name>`))
      .description(`This command will ${VERBS[verb]}.`)
      .option('--dry-run', 'only say where it stands')
      .addHelpText('after', `\nExample:\n  $ rerail bulk ${verb} card-outage --reason "the bank asked for it"`)
      .action((name: string, options: SignedOptions, command: Command) => change(verb, name, options, command));
  }
}
