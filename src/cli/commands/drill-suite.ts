import { Option, type Command } from 'commander';
import type { ScheduledSuite } from '../../client/drill-suites.ts';
import { BUILTIN_DRILLS, findDrills } from '../../config/load-drills.ts';
import { DurationSchema } from '../../domain/duration.schema.ts';
import { RerailError } from '../../domain/errors.ts';
import { parseInput } from '../../domain/parse-input.ts';
import { drillSuiteId } from '../../domain/wire-names.ts';
import { openContext, withClient } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { renderSchedule, renderSuite, renderSuites, renderTrend } from '../output/render-drill-suite.ts';
import { parseLimit } from '../parse-limit.ts';

interface ScheduleOptions {
  cron?: string;
  every?: string;
  timezone?: string;
  host?: string;
  when?: 'on' | 'off';
  pause?: boolean;
  now?: boolean;
  dryRun?: boolean;
}

/** Built-in drills by name, so that they are run as they are then; what is in a file goes along as it is now. */
async function selectionOf(words: readonly string[]) {
  if (words.length === 0) return {};
  const found = await findDrills(words);
  const builtin = found.filter(({ file }) => file.startsWith(BUILTIN_DRILLS)).map(({ metadata }) => metadata.name);
  const own = found
    .filter(({ file }) => !file.startsWith(BUILTIN_DRILLS))
    .map(({ metadata, spec }) => ({ name: metadata.name, spec }));
  return {
    ...(builtin.length > 0 ? { names: builtin } : {}),
    ...(own.length > 0 ? { definitions: own } : {}),
  };
}

function refuseMixtures(words: readonly string[], { cron, every, timezone, when, pause, now }: ScheduleOptions): void {
  const times = cron !== undefined || every !== undefined;
  const refuse = (message: string, remedy: string): never => {
    throw new RerailError('invalid-input', message, { remedy, nonRetryable: true });
  };
  if (cron !== undefined && every !== undefined) refuse('--cron and --every are two ways to say when', 'Give one.');
  if (!times && (words.length > 0 || timezone !== undefined))
    refuse('drills and a time zone belong to --cron or --every', 'Say when they are to be run: --cron "0 4 * * *".');
  const asked = [times, when !== undefined, pause === true && !times, now === true && !times].filter(Boolean).length;
  if (asked > 1)
    refuse('--cron or --every, --when, --pause and --now are asked for one at a time', 'Give one of them.');
}

async function schedule(words: string[], options: ScheduleOptions, command: Command): Promise<void> {
  refuseMixtures(words, options);
  const context = await openContext(command);
  const { output, settings } = context;
  const { cron, timezone, when, pause = false, now = false, dryRun = false } = options;
  const every = options.every === undefined ? undefined : parseInput(DurationSchema, options.every, '--every');
  const host = options.host ?? settings.host;
  const scheduleId = drillSuiteId(host);
  const times = cron !== undefined || every !== undefined;
  const selection = times ? await selectionOf(words) : {};
  if (dryRun) {
    const what = times
      ? `be set to ${cron ?? every ?? ''}`
      : when === 'off'
        ? 'be removed'
        : when === 'on'
          ? 'be turned on'
          : pause
            ? 'be paused'
            : now
              ? 'be run now'
              : 'be shown';
    return output.value(
      { scheduleId, host, dryRun: true, would: what, ...selection },
      () => `${scheduleId} would ${what}`,
    );
  }
  await withClient(context, async ({ drillSuites }) => {
    const print = (found: ScheduledSuite): void => output.value(found, () => renderSchedule(output.paint, found));
    if (times) {
      const given = { host, ...selection, ...(cron === undefined ? {} : { cron }), ...(every ? { every } : {}) };
      print(await drillSuites.schedule({ ...given, ...(timezone ? { timezone } : {}) }, { paused: pause }));
      if (now) await drillSuites.trigger(host);
      return;
    }
    if (when === 'off') {
      await drillSuites.remove(host);
      return output.value({ scheduleId, host, done: 'removed' }, () => `${scheduleId} is removed`);
    }
    if (when === 'on') await drillSuites.resume(host);
    if (pause) await drillSuites.pause(host, 'paused: `rerail drill schedule --when on` turns it on again');
    if (now) await drillSuites.trigger(host);
    print(await drillSuites.show(host));
  });
}

async function listSuites(options: { limit: string; host?: string }, command: Command): Promise<void> {
  const context = await openContext(command);
  const { output } = context;
  await withClient(context, async ({ drillSuites }) => {
    const { limit, host } = options;
    const found = await drillSuites.list({ limit: parseLimit(limit), ...(host ? { host } : {}) });
    output.list(found, () => renderSuites(output.paint, found));
  });
}

async function reportSuite(given: string | undefined, _options: object, command: Command): Promise<void> {
  const context = await openContext(command);
  const { output } = context;
  await withClient(context, async ({ drillSuites }) => {
    const [newest] = given === undefined ? await drillSuites.list({ limit: 1 }) : [];
    const id = given ?? newest?.workflowId;
    if (id === undefined)
      throw new RerailError('drill-not-found', 'no suite of drills has been run', {
        remedy: 'Schedule one: rerail drill schedule --cron "0 4 * * *"',
        nonRetryable: true,
      });
    const { open, report } = await drillSuites.report(id);
    output.value({ open, ...report }, () => renderSuite(output.paint, report, open));
    if (!open && report.verdict !== 'passed') process.exitCode = EXIT.invalid;
  });
}

async function trend(name: string, options: { limit: string }, command: Command): Promise<void> {
  const context = await openContext(command);
  const { output } = context;
  await withClient(context, async ({ drills }) => {
    const found = await drills.list({ name, limit: parseLimit(options.limit) });
    if (found.length === 0)
      throw new RerailError('drill-not-found', `no run of a drill "${name}" is kept`, {
        remedy: 'See what was run with `rerail drill list`.',
        nonRetryable: true,
      });
    output.list(found, () => renderTrend(output.paint, found));
  });
}

export function addSuiteCommands(drill: Command): void {
  drill
    .command('schedule')
    .argument('[names...]', 'built-in drills, files or directories; default: all built-in ones')
    .option('--cron <expression>', 'when: five fields of cron, such as "0 4 * * *"')
    .option('--every <duration>', 'or so often, such as 12h')
    .option('--timezone <name>', 'of the cron expression; default: UTC')
    .option('--host <name>', 'whose worker runs them; default: this machine')
    .addOption(new Option('--when <when>', 'off: no longer; on: again, after a pause').choices(['on', 'off']))
    .option('--pause', 'keep the schedule, and run nothing until it is turned on')
    .option('--now', 'run one now as well, unless one is under way')
    .option('--dry-run', 'only say what would be done')
    .description(
      'This command will have drills run again and again, one after the other, and tell what has become worse. Without\noptions it shows what is scheduled.',
    )
    .addHelpText('after', '\nExample:\n  $ rerail drill schedule --cron "0 4 * * *" git-lock my-drills/')
    .action(schedule);
  drill
    .command('trend')
    .argument('<name>', 'name of the drill')
    .option('--limit <count>', 'the last so many', '20')
    .description('This command will show how the last runs of a drill have gone, the newest last.')
    .addHelpText('after', '\nExample:\n  $ rerail drill trend git-lock')
    .action(trend);
  const suite = drill.command('suite').description('What came of scheduled drills.');
  suite
    .command('list')
    .option('--host <name>', 'of this host only')
    .option('--limit <count>', 'at most so many', '50')
    .description('This command will list suites of drills with their verdicts, newest first.')
    .addHelpText('after', '\nExample:\n  $ rerail drill suite list')
    .action(listSuites);
  suite
    .command('report')
    .argument('[id]', 'as the list shows it; default: the newest')
    .description('This command will show how each drill of a suite ended, and what has become worse.')
    .addHelpText('after', '\nExample:\n  $ rerail drill suite report')
    .action(reportSuite);
}
