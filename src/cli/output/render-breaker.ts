import type { ListedBreaker } from '../../client/breakers.ts';
import { isDegraded, type BreakerSnapshot, type BreakerState } from '../../domain/breaker.ts';
import type { Paint } from './output.ts';
import { renderTable } from './table.ts';

/** The state with its sign, coloured; the word alone says it too. */
function paintState(paint: Paint, state: BreakerState): string {
  if (state === 'CLOSED') return paint.green(`✔ ${state}`);
  if (state === 'OPEN' || state === 'FORCED_OPEN') return paint.red(`✖ ${state}`);
  return paint.yellow(`● ${state}`);
}

export function renderBreakers(paint: Paint, breakers: readonly ListedBreaker[]): string {
  if (breakers.length === 0) return paint.dim('There are no circuit breakers. One appears with its first use.');
  const rows = breakers.map(({ name, state, since }) => [
    name,
    paintState(paint, state),
    isDegraded(state) ? 'degraded' : '',
    paint.time(since),
  ]);
  return renderTable(paint, ['name', 'state', '', 'since'], rows);
}

const percent = (rate: number | null): string => (rate === null ? 'too few calls for a rate' : `${rate} %`);

/** Everything about one: what it does, why, what it counts, how to change it. */
export function renderBreaker(paint: Paint, breaker: BreakerSnapshot): string {
  const { name, state, degraded, since, counts, leases, nextTryAt, settings, changes } = breaker;
  const rows: [string, string | undefined][] = [
    ['degraded', degraded ? 'yes, calls are kept away' : 'no'],
    ['next try', nextTryAt],
    ['calls', `${counts.calls} in the window, ${counts.failed} failed, ${counts.slow} slow`],
    ['failures', `${percent(counts.failureRate)}, opens at ${settings.failureRateThreshold} %`],
    ['kept away', counts.notPermitted === 0 ? undefined : String(counts.notPermitted)],
    ['not counted', counts.ignored === 0 ? undefined : `${counts.ignored} results of an earlier state or lost lease`],
    ['leases', leases.map(({ by, until }) => `${by} until ${paint.time(until)}`).join(', ')],
    [
      'settings',
      Object.entries(settings)
        .map(([key, value]) => `${key} ${value}`)
        .join(', '),
    ],
  ];
  const said = rows.flatMap(([label, value]) => (value ? [`  ${paint.dim(label.padEnd(11))}  ${value}`] : []));
  const history = changes
    .slice(-10)
    .map(
      ({ at, from, to, by, reason }) =>
        `  ${paint.dim(paint.time(at))} ${from === to ? to : `${from} -> ${to}`} by ${by}: ${reason}`,
    );
  return [
    `${paint.bold(name)}  ${paintState(paint, state)} since ${paint.time(since)}`,
    ...said,
    ...(history.length === 0 ? [] : ['', paint.bold('Changes'), ...history]),
  ].join('\n');
}
