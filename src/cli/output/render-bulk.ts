import type { BulkPreview, ListedBulk } from '../../client/bulks.ts';
import type { PendingActivity } from '../../client/pending-activities.ts';
import type { BulkReport, BulkStatus } from '../../domain/bulk.ts';
import type { Paint } from './output.ts';
import { renderTable } from './table.ts';

/** The state with its sign, coloured; the word alone says it too. */
function paintStatus(paint: Paint, status: BulkStatus): string {
  if (status === 'done' || status === 'dry-run') return paint.green(`✔ ${status}`);
  if (status === 'stopped' || status === 'cancelled') return paint.red(`✖ ${status}`);
  return paint.yellow(`● ${status}`);
}

export function renderPreview(paint: Paint, { found, first, how, name }: BulkPreview): string {
  if (found === 0) return paint.dim('No failed execution fits the query.');
  const more = found > first.length ? [`  … and ${found - first.length} more`] : [];
  return [
    `${paint.bold(String(found))} failed executions would be recovered by ${how}:`,
    ...first.map((id) => `  ${id}`),
    ...more,
    paint.dim(`Add --execute to do it, as bulk/${name}.`),
  ].join('\n');
}

export function renderBulks(paint: Paint, bulks: readonly ListedBulk[]): string {
  if (bulks.length === 0) return paint.dim('There are no bulk recoveries. Begin with `rerail bulk start`.');
  const rows = bulks.map(({ name, status, startedAt, closedAt, by, reason }) => [
    name,
    paintStatus(paint, status),
    paint.time(startedAt),
    closedAt ? paint.time(closedAt) : '',
    by ?? '',
    reason ?? '',
  ]);
  return renderTable(paint, ['name', 'status', 'started', 'closed', 'by', 'reason'], rows);
}

export function renderBulk(paint: Paint, report: BulkReport): string {
  const { name, status, how, query, found, counts, changes, executions, first } = report;
  const treated = executions.map(({ workflowId, result, newRunId, note }) => [
    workflowId,
    result,
    newRunId ?? '',
    note ?? '',
  ]);
  const said = changes.map(({ at, what, by, reason }) => `  ${paint.dim(paint.time(at))} ${what} by ${by}: ${reason}`);
  return [
    `${paint.bold(name)}  ${paintStatus(paint, status)}  ${how} of ${found} found by ${query}`,
    `  recovered ${counts.recovered} · running on ${counts.running} · failed ${counts.failed} · skipped ${counts.skipped} · open ${counts.open}`,
    ...(first.length === 0 ? [] : ['', paint.bold('First'), ...first.map((id) => `  ${id}`)]),
    ...(treated.length === 0 ? [] : ['', renderTable(paint, ['execution', 'result', 'new run', 'note'], treated)]),
    ...(said.length === 0 ? [] : ['', paint.bold('Changes'), ...said]),
  ].join('\n');
}

export function renderActivities(paint: Paint, activities: readonly PendingActivity[]): string {
  if (activities.length === 0) return paint.dim('No such activity is pending.');
  const rows = activities.map((each) => [
    each.workflowId,
    each.activityId,
    each.type,
    each.maximumAttempts > 0 ? `${each.attempt} of ${each.maximumAttempts}` : String(each.attempt),
    each.paused ? paint.yellow('paused') : each.state,
    each.nextAttemptAt ?? '',
    (each.lastFailure ?? '').split('\n')[0]?.slice(0, 80) ?? '',
  ]);
  return renderTable(paint, ['workflow', 'activity', 'type', 'attempt', 'state', 'next attempt', 'last failure'], rows);
}
