import { existsSync } from 'node:fs';
import path from 'node:path';
import { Argument, type Command } from 'commander';
import { loadMonitors, loadMonitorsDir, type LoadedMonitor } from '../../config/load-monitors.ts';
import type { Settings } from '../../config/settings.ts';
import { DurationSchema } from '../../domain/duration.schema.ts';
import { toMs } from '../../domain/duration.ts';
import { RerailError } from '../../domain/errors.ts';
import { monitorOf, probeOf, type MonitorHealth } from '../../domain/monitor.ts';
import { parseInput } from '../../domain/parse-input.ts';
import { openContext, withClient, type Context } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { renderMonitor, renderMonitors, renderReadings } from '../output/render-monitor.ts';
import type { Monitors } from '../../client/monitors.ts';
import { addSignedOptions, signed, type SignedOptions } from '../signed-options.ts';

interface ChangeOptions extends SignedOptions {
  dryRun?: boolean;
}

/** A file, or the name of a definition in the directory of the setting monitorsDir. */
async function find(given: string, { monitorsDir }: Pick<Settings, 'monitorsDir'>): Promise<LoadedMonitor[]> {
  if (/\.ya?ml$/.test(given) || existsSync(path.resolve(given))) return loadMonitors(given);
  const known = monitorsDir === undefined ? [] : await loadMonitorsDir(monitorsDir);
  const found = known.filter(({ definition }) => definition.metadata.name === given);
  if (found.length > 0) return found;
  throw new RerailError('monitor-not-found', `there is no file ${given}, and no monitor of that name in monitorsDir`, {
    remedy: 'Give the file of a definition, or set monitorsDir.',
    nonRetryable: true,
  });
}

async function list(_options: object, command: Command): Promise<void> {
  const context = await openContext(command);
  const { output } = context;
  await withClient(context, async ({ monitors }) => {
    const found = await monitors.list();
    output.list(found, () => renderMonitors(output.paint, found));
  });
}

async function show(name: string, _options: object, command: Command): Promise<void> {
  const context = await openContext(command);
  const { output } = context;
  await withClient(context, async ({ monitors }) => {
    const found = await monitors.health(name);
    output.value(found, () => renderMonitor(output.paint, found));
  });
}

interface StartOptions extends ChangeOptions {
  wait?: boolean;
}

async function start(given: string, options: StartOptions, command: Command): Promise<void> {
  const context = await openContext(command);
  const { output, settings } = context;
  const found = await find(given, settings);
  if (options.dryRun) {
    const would = found.map(({ definition }) => monitorOf(definition, settings.host));
    return output.list(would, () =>
      would.map(({ name, host, checks }) => `${name} would watch ${checks.length} checks on ${host}`).join('\n'),
    );
  }
  const { by } = options;
  const reason = options.reason?.trim() ? options.reason : `started from ${path.basename(given)}`;
  await withClient(context, async ({ monitors }) => {
    const started: MonitorHealth[] = [];
    for (const { definition } of found) {
      const { name } = await monitors.start(definition, { by, reason, defaultHost: settings.host });
      // Every check is looked at once, whatever its period is.
      started.push(options.wait ? await monitors.checkNow(name, { by, reason }) : await monitors.health(name));
    }
    output.list(started, () => started.map((health) => renderMonitor(output.paint, health)).join('\n\n'));
  });
}

/** One change of a running monitor, or what it would be. */
async function change(
  context: Context,
  { dryRun, ...options }: ChangeOptions,
  what: string,
  send: (monitors: Monitors, by: { by: string; reason: string }) => Promise<MonitorHealth>,
): Promise<void> {
  const { output } = context;
  const given = await signed(options, output);
  if (dryRun) return output.value({ would: what, ...given, dryRun: true }, () => `would: ${what}`);
  await withClient(context, async ({ monitors }) => {
    const health = await send(monitors, given);
    output.value(health, () => renderMonitor(output.paint, health));
  });
}

interface MaintenanceOptions extends ChangeOptions {
  target?: string;
  for?: string;
}

async function maintenance(
  name: string,
  mode: 'on' | 'off',
  { target, for: length, ...options }: MaintenanceOptions,
  command: Command,
): Promise<void> {
  if (mode === 'on' && length === undefined) {
    throw new RerailError('invalid-input', '--for is missing', { remedy: 'Say when it ends: --for 30m.' });
  }
  const lasts = length === undefined ? undefined : toMs(parseInput(DurationSchema, length, '--for'));
  const until = lasts === undefined ? {} : { until: new Date(Date.now() + lasts).toISOString() };
  await change(
    await openContext(command),
    options,
    `maintenance ${mode} for ${target ?? `all targets of ${name}`}`,
    (monitors, by) =>
      monitors.maintenance(name, { ...by, mode, ...(mode === 'on' ? until : {}), ...(target ? { target } : {}) }),
  );
}

/** Runs the probes here and once, in the order of the file. */
async function check(given: string, _options: object, command: Command): Promise<void> {
  const context = await openContext(command);
  const { output, settings } = context;
  const monitors = (await find(given, settings)).map(({ definition }) => monitorOf(definition, settings.host));
  const { runProbe } = await import('../../activities/probes/run-probe.ts');
  const look = monitors.flatMap((monitor) =>
    monitor.checks.map(async (one) => ({
      monitor: monitor.name,
      target: one.target,
      ...(await runProbe(probeOf(one))),
    })),
  );
  const readings = await Promise.all(look);
  output.list(readings, () => renderReadings(output.paint, readings));
  if (readings.some(({ passed }) => !passed)) process.exitCode = EXIT.invalid;
}

export function addMonitorCommands(program: Command): void {
  const monitor = program.command('monitor').description('Watch health, and recover what is ill.');
  const changing = (spec: string): Command =>
    addSignedOptions(monitor.command(spec)).option('--dry-run', 'only say what would change');
  changing('start <file|name>')
    .description('This command will start the monitors of a file, or give running ones their new definition.')
    .option('--wait', 'look at everything once before it answers')
    .addHelpText('after', '\nExample:\n  $ rerail monitor start monitors/web.yaml --wait')
    .action(start);
  monitor
    .command('list')
    .description('This command will list monitors and their states.')
    .addHelpText('after', '\nExample:\n  $ rerail monitor list')
    .action(list);
  monitor
    .command('show <name>')
    .description('This command will show a monitor: targets, checks, readings, recoveries, changes.')
    .addHelpText('after', '\nExample:\n  $ rerail monitor show web')
    .action(show);
  changing('stop <name>')
    .description('This command will end a monitor; open recoveries go on.')
    .addHelpText('after', '\nExample:\n  $ rerail monitor stop web --reason "moved to another host"')
    .action(async (name: string, options: ChangeOptions, command: Command) =>
      change(await openContext(command), options, `stop ${name}`, (monitors, by) => monitors.stop(name, by)),
    );
  changing('maintenance <name>')
    .addArgument(new Argument('<mode>', 'whether it begins or ends').choices(['on', 'off']))
    .description('This command will keep a monitor from starting recoveries for a while.')
    .option('--for <duration>', 'how long')
    .option('--target <target>', 'only this one')
    .addHelpText('after', '\nExample:\n  $ rerail monitor maintenance web on --for 30m --reason "a deployment"')
    .action(maintenance);
  changing('reset <name> <target>')
    .description('This command will let a monitor start recoveries of an escalated target again.')
    .addHelpText('after', '\nExample:\n  $ rerail monitor reset web service/web --reason "the disk was replaced"')
    .action(async (name: string, target: string, options: ChangeOptions, command: Command) =>
      change(await openContext(command), options, `reset ${target} of ${name}`, (monitors, by) =>
        monitors.resetTarget(name, { ...by, target }),
      ),
    );
  monitor
    .command('check <file|name>')
    .description('This command will run the probes of a file once, here and without a server. Exit code 4: one fails.')
    .addHelpText('after', '\nExample:\n  $ rerail monitor check monitors/web.yaml')
    .action(check);
}
