import { formatMs } from './duration.ts';
import { plainText as plain, section, tableRow as row } from './markdown-text.ts';
import { reportMarkdown } from './report-markdown.ts';
import type { RecoveryReport } from './report.ts';
import type { RunReport, RunStepRecord } from './run.ts';

/** A recovery of the run: its report, or why there is none. */
export type FoundRecovery = RecoveryReport | { runId: string; missing: string };

const stepRow = ({ phase, step, status, attempts, durationMs, recoveries, error, note }: RunStepRecord): string =>
  row(
    plain(phase),
    plain(step),
    status,
    String(attempts),
    formatMs(durationMs),
    String(recoveries.length),
    plain((error?.message ?? note ?? '').slice(0, 300)),
  );

const undoLine = ({ title, ok, error }: RunReport['compensations'][number]): string =>
  `- ${plain(title)}: ${ok ? 'done' : `**failed**: ${plain(error?.message ?? 'unknown')}`}`;

/** A run as Markdown, and after it the report of each recovery that it has asked for, in their order. */
export function runReportMarkdown(run: RunReport, recoveries: readonly FoundRecovery[]): string {
  const lost = recoveries.flatMap((found) =>
    'missing' in found ? [`- Recovery ${plain(found.runId)}: ${plain(found.missing)}`] : [],
  );
  return [
    `# ${plain(run.workflowId)}: ${run.status} after ${formatMs(run.durationMs)}`,
    '',
    `**${plain(run.summary)}.**`,
    '',
    row('phase', 'step', 'state', 'tries', 'time', 'recoveries', 'first error'),
    row('---', '---', '---', '---', '---', '---', '---'),
    ...run.steps.map(stepRow),
    ...section('What was undone', run.compensations.map(undoLine)),
    ...(recoveries.length === 0 ? ['', 'No recovery was started.'] : []),
    ...section('Recoveries without a report', lost),
    '',
    ...recoveries.flatMap((found) => ('missing' in found ? [] : [reportMarkdown(found)])),
  ].join('\n');
}
