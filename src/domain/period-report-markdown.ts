import { plainText, tableRow } from './markdown-text.ts';
import type { PeriodReport } from './period-report.ts';
import { periodFactLines, periodTables, periodTitle, type PeriodTable } from './period-tables.ts';

function tableLines({ title, note, head, rows, empty }: PeriodTable): string[] {
  const lines = [
    tableRow(...head),
    tableRow(...head.map(() => '---')),
    ...rows.map((cells) => tableRow(...cells.map(plainText))),
  ];
  const body = rows.length === 0 ? [empty] : lines;
  return ['', `## ${title}`, '', ...(note === undefined || rows.length === 0 ? [] : [note, '']), ...body];
}

/** A report for a period as Markdown (requirement 7.3). */
export const periodReportMarkdown = (report: PeriodReport): string =>
  [
    `# ${periodTitle(report)}`,
    '',
    ...periodFactLines(report).map((line) => `- ${plainText(line)}`),
    ...report.read.unread.map(({ workflowId, reason }) => `- Not read: ${plainText(workflowId)}: ${plainText(reason)}`),
    ...periodTables(report).flatMap(tableLines),
    '',
  ].join('\n');
