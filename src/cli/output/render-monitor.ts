import type { ListedMonitor, MonitorHealth, TargetHealth } from '../../domain/monitor.ts';
import type { HealthState } from '../../domain/monitor.ts';
import type { ProbeReading } from '../../domain/probe.ts';
import type { Paint } from './output.ts';
import { renderTable } from './table.ts';

/** The state with its sign, coloured; the word alone says it too. */
function paintState(paint: Paint, state: HealthState): string {
  if (state === 'healthy') return paint.green(`✔ ${state}`);
  if (state === 'unhealthy') return paint.red(`✖ ${state}`);
  return state === 'degraded' ? paint.yellow(`● ${state}`) : paint.dim(`? ${state}`);
}

export function renderMonitors(paint: Paint, monitors: readonly ListedMonitor[]): string {
  if (monitors.length === 0) return paint.dim('There are no monitors. Start one: rerail monitor start FILE');
  const rows = monitors.map(({ name, state, since, host, targets, unhealthy, escalated }) => [
    name,
    paintState(paint, state),
    host ?? '',
    String(targets),
    unhealthy === 0 ? '' : paint.red(`${unhealthy} unhealthy`),
    escalated === 0 ? '' : paint.red(`${escalated} escalated`),
    paint.time(since),
  ]);
  return renderTable(paint, ['name', 'state', 'host', 'targets', '', '', 'since'], rows);
}

function notesOn(paint: Paint, target: TargetHealth): string[] {
  const { openRecovery, escalatedSince, maintenance, flapping, startsInInterval, cooldownUntil, problem } = target;
  return [
    ...(openRecovery ? [`recovery ${openRecovery.recoveryId} is open since ${paint.time(openRecovery.since)}`] : []),
    ...(escalatedSince === null
      ? []
      : [paint.red(`escalated ${paint.time(escalatedSince)}: no more starts until it is reset`)]),
    ...(maintenance
      ? [`maintenance until ${paint.time(maintenance.until)} by ${maintenance.by}: ${maintenance.reason}`]
      : []),
    ...(flapping ? [paint.yellow('it flaps: ill again before it was healthy for long enough')] : []),
    ...(startsInInterval === 0 ? [] : [`${startsInInterval} starts within the interval`]),
    ...(cooldownUntil === null ? [] : [`next start not before ${paint.time(cooldownUntil)}`]),
    ...(problem === null ? [] : [paint.red(problem)]),
  ];
}

/** What is done about a host that does not look. */
function notesOnHost(paint: Paint, { openRecovery, lastRecovery }: MonitorHealth['host']): string[] {
  if (openRecovery) return [`recovery ${openRecovery.recoveryId} is open since ${paint.time(openRecovery.since)}`];
  if (!lastRecovery) return [];
  const { recoveryId, endedAt } = lastRecovery;
  return [`recovery ${recoveryId} ended ${paint.time(endedAt)}; no other is started until the host looks again`];
}

export function renderMonitor(paint: Paint, { name, state, since, host, targets, changes }: MonitorHealth): string {
  const rows = targets.flatMap((target) =>
    target.checks.map((check, index) => [
      index === 0 ? target.target : '',
      index === 0 ? paintState(paint, target.state) : '',
      check.name,
      paintState(paint, check.state),
      check.failuresInRow === 0 ? '' : `${check.failuresInRow} failures in a row`,
      check.lastReading?.observed ?? '',
    ]),
  );
  const notes = [
    ...notesOnHost(paint, host).map((note) => `  host ${host.name}: ${note}`),
    ...targets.flatMap((target) => notesOn(paint, target).map((note) => `  ${target.target}: ${note}`)),
  ];
  const history = changes
    .slice(-10)
    .map(({ at, what, by, reason }) => `  ${paint.dim(paint.time(at))} ${what} by ${by}: ${reason}`);
  return [
    `${paint.bold(name)}  ${paintState(paint, state)} since ${paint.time(since)}, host ${host.name} ${host.state}${host.problem === null ? '' : `: ${host.problem}`}`,
    '',
    renderTable(paint, ['target', 'state', 'check', '', '', 'last reading'], rows),
    ...(notes.length === 0 ? [] : ['', ...notes]),
    ...(history.length === 0 ? [] : ['', paint.bold('Changes'), ...history]),
  ].join('\n');
}

export function renderReadings(
  paint: Paint,
  readings: readonly (ProbeReading & { monitor: string; target: string })[],
): string {
  const rows = readings.map(({ target, name, kind, passed, observed, durationMs }) => [
    target,
    name,
    kind,
    passed ? paint.green('✔ passes') : paint.red('✖ fails'),
    observed,
    `${durationMs} ms`,
  ]);
  return renderTable(paint, ['target', 'check', 'kind', '', 'reading', 'took'], rows);
}
