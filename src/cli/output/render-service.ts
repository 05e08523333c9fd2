import type { ListedService, ServiceSnapshot } from '../../domain/service.ts';
import type { Paint } from './output.ts';
import { renderTable } from './table.ts';

/** The state with its sign, coloured; the word alone says it too. */
function paintState(paint: Paint, state: ListedService['state']): string {
  if (state === 'normal') return paint.green(`✔ ${state}`);
  return paint.yellow(`● ${state}`);
}

export function renderServices(paint: Paint, services: readonly ListedService[]): string {
  if (services.length === 0)
    return paint.dim('Nothing was ever said of a service. One appears when it is degraded, limited or reset.');
  const rows = services.map(({ name, state, since }) => [name, paintState(paint, state), paint.time(since)]);
  return renderTable(paint, ['name', 'state', 'since'], rows);
}

/** Everything about one: what its clients are told, why, and what has changed. */
export function renderService(paint: Paint, service: ServiceSnapshot): string {
  const { name, degraded, reason, since, until, ratePerSecond, trafficPercent, resets, held, changes } = service;
  const limited = !degraded && trafficPercent < 100;
  const rows: [string, string | undefined][] = [
    ['degraded', degraded ? `since ${paint.time(since ?? '')}: ${reason}` : 'no'],
    ['ends', degraded ? (until === null ? 'by hand' : paint.time(until)) : undefined],
    ['rate', ratePerSecond === null ? 'no limit is known' : `${ratePerSecond} requests/s`],
    ['traffic', `${trafficPercent} %`],
    ['resets', String(resets)],
    ['held', held === 0 ? undefined : `${held} operations wait for the database`],
  ];
  const said = rows.flatMap(([label, value]) => (value ? [`  ${paint.dim(label.padEnd(11))}  ${value}`] : []));
  const history = changes.map(
    (change) => `  ${paint.dim(paint.time(change.at))} ${change.what} by ${change.by}: ${change.reason}`,
  );
  return [
    `${paint.bold(name)}  ${paintState(paint, degraded ? 'degraded' : limited ? 'limited' : 'normal')}`,
    ...said,
    ...(history.length === 0 ? [] : ['', paint.bold('Changes'), ...history]),
  ].join('\n');
}
