import type { ScheduledSuite } from '../../client/drill-suites.ts';
import type { ListedDrill } from '../../domain/drill.schema.ts';
import { medianOf, type DrillSuiteReport, type ListedSuite } from '../../domain/drill-suite.ts';
import { formatMs } from '../../domain/duration.ts';
import type { Paint } from './output.ts';
import { paintStatus } from './render.ts';
import { renderTable } from './table.ts';

const time = (ms: number | null): string => (ms === null ? '' : formatMs(ms));
const count = (value: number | null): string => (value === null ? '' : String(value));

export function renderSchedule(paint: Paint, schedule: ScheduledSuite): string {
  const { scheduleId, times, paused, note, names, definitions, next, running } = schedule;
  const { cron, every, timezone = 'UTC' } = times;
  const when = cron === undefined ? `every ${every ?? ''}` : `${cron} (${timezone})`;
  const builtin = names === 'all' ? ['all built-in drills'] : names;
  return [
    `${paint.bold(scheduleId)}  ${when}  ${paused ? paint.yellow('● paused') : paint.green('✔ on')}`,
    ...(paused && note !== undefined ? [paint.dim(note)] : []),
    `runs ${[...builtin, ...definitions.map((name) => `${name} (your own, as it was given)`)].join(', ')}`,
    ...running.map((id) => `under way: ${id}`),
    ...(next.length > 0 ? [`next: ${next.map((at) => paint.time(at)).join(', ')}`] : []),
  ].join('\n');
}

export function renderSuites(paint: Paint, suites: readonly ListedSuite[]): string {
  return renderTable(
    paint,
    ['verdict', 'suite', 'passed', 'failed', 'not run', 'worse', 'started'],
    suites.map(({ verdict, workflowId, passed, failed, notRun, regressions, startedAt }) => [
      paintStatus(paint, verdict),
      workflowId,
      count(passed),
      count(failed),
      count(notRun),
      count(regressions),
      paint.time(startedAt),
    ]),
  );
}

export function renderSuite(paint: Paint, report: DrillSuiteReport, open: boolean): string {
  const { workflowId, verdict, drills, notRun, regressions, told, problems } = report;
  const rows = drills.map(({ name, verdict: one, ttrMs, playbook, problems: why }) => [
    paintStatus(paint, one),
    name,
    time(ttrMs),
    playbook ?? '',
    why[0] ?? '',
  ]);
  const passed = drills.filter((one) => one.verdict === 'passed').length;
  return [
    `${paint.bold(workflowId)}  ${paintStatus(paint, open ? 'running' : verdict)}`,
    renderTable(paint, ['verdict', 'drill', 'TTR', 'playbook', 'why'], rows),
    ...notRun.map(({ name, reason }) => paint.yellow(`● ${name} was not run: ${reason}`)),
    ...regressions.map(({ name, message }) => paint.red(`✖ worse: ${name}: ${message}`)),
    ...(regressions.length > 0 ? [paint.dim(`told to ${told} channels`)] : []),
    ...problems.map((problem) => paint.red(`✖ ${problem}`)),
    `${passed} of ${drills.length} drills passed.`,
  ].join('\n');
}

/** The newest last, as one reads a trend. */
export function renderTrend(paint: Paint, newestFirst: readonly ListedDrill[]): string {
  const rows = [...newestFirst]
    .reverse()
    .map(({ startedAt, verdict, ttrMs, workflowId }) => [
      paint.time(startedAt),
      paintStatus(paint, verdict),
      time(ttrMs),
      workflowId,
    ]);
  const passed = newestFirst.filter(({ verdict }) => verdict === 'passed');
  const median = medianOf(passed.flatMap(({ ttrMs }) => (ttrMs === null ? [] : [ttrMs])));
  const figures = median === undefined ? '' : `, median TTR ${formatMs(median)}`;
  return [
    renderTable(paint, ['started', 'verdict', 'TTR', 'drill'], rows),
    `${passed.length} of ${newestFirst.length} passed${figures}`,
  ].join('\n');
}
