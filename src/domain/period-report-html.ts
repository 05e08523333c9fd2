import { escapeHtml, partsChart, trendCharts } from './period-charts.ts';
import type { PeriodReport } from './period-report.ts';
import { periodFactLines, periodTables, periodTitle, type PeriodTable } from './period-tables.ts';

const STYLE = `
:root { color-scheme: light dark; --bg: light-dark(#fff, #0e131a); --text: light-dark(#1a2230, #e3e8ef);
  --muted: light-dark(#566173, #9aa7b8); --line: light-dark(#dadfe6, #29333f); --good: light-dark(#0f6a3a, #6fdc9c);
  --bad: light-dark(#a51d26, #ff9f9c); --p1: light-dark(#8a94a3, #6c7a8c); --p2: light-dark(#6731a6, #cfabff);
  --p3: light-dark(#b86e00, #ffc46b); --p4: light-dark(#1d4fb4, #8ab8ff); --p5: light-dark(#0f6a3a, #6fdc9c); }
body { margin: 0 auto; padding: 24px; max-width: 1080px; background: var(--bg); color: var(--text);
  font: 14px/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif; }
h1 { font-size: 24px; } h2 { font-size: 17px; margin: 32px 0 4px; }
.note, .small { color: var(--muted); } .note { margin: 0 0 8px; }
.scroll { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 4px 8px; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
th { color: var(--muted); font-weight: 600; white-space: nowrap; }
td.met, td.passed { color: var(--good); font-weight: 600; } td.missed, td.failed { color: var(--bad); font-weight: 600; }
svg { display: block; width: 100%; margin: 8px 0; } svg text { fill: var(--text); font-size: 12.5px; }
svg text.small { fill: var(--muted); font-size: 11px; }
.part-detection { fill: var(--p1); } .part-planning { fill: var(--p2); } .part-humanWait { fill: var(--p3); }
.part-action { fill: var(--p4); } .part-verification { fill: var(--p5); }
circle { fill: var(--p4); fill-opacity: 0.7; } .lost { stroke: var(--bad); stroke-width: 2; fill: none; }
.axis { stroke: var(--line); } .objective { stroke: var(--bad); stroke-dasharray: 5 4; }
@media print { :root { color-scheme: light; } body { max-width: none; padding: 0; font-size: 11px; }
  .scroll { overflow: visible; } tr, svg { break-inside: avoid; } h2 { break-after: avoid; }
  svg, td { print-color-adjust: exact; } @page { margin: 15mm; } }
`;

const MARKED = ['met', 'missed', 'passed', 'failed'];

const cell = (text: string): string => `<td${MARKED.includes(text) ? ` class="${text}"` : ''}>${escapeHtml(text)}</td>`;

function tableHtml({ id, title, note, head, rows, empty }: PeriodTable, chart: string): string {
  const heading = `<section aria-labelledby="${id}"><h2 id="${id}">${escapeHtml(title)}</h2>`;
  if (rows.length === 0) return `${heading}<p>${escapeHtml(empty)}</p></section>`;
  return [
    heading,
    ...(note === undefined ? [] : [`<p class="note">${escapeHtml(note)}</p>`]),
    chart,
    '<div class="scroll"><table><thead><tr>',
    ...head.map((text) => `<th scope="col">${escapeHtml(text)}</th>`),
    '</tr></thead><tbody>',
    ...rows.map((cells) => `<tr>${cells.map(cell).join('')}</tr>`),
    '</tbody></table></div></section>',
  ].join('\n');
}

/** The report as one page that loads nothing, in light and dark, to be sent or printed (requirement 7.3). */
export function periodReportHtml(report: PeriodReport): string {
  const title = escapeHtml(periodTitle(report));
  const trends = trendCharts(report);
  const charts: Record<string, string> = { rto: trends.join('\n'), mttr: partsChart(report) };
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${title}</title><style>${STYLE}</style></head><body>`,
    `<h1>${title}</h1><ul>`,
    ...periodFactLines(report).map((line) => `<li>${escapeHtml(line)}</li>`),
    ...report.read.unread.map(
      ({ workflowId, reason }) => `<li>Not read: ${escapeHtml(workflowId)}: ${escapeHtml(reason)}</li>`,
    ),
    '</ul>',
    ...periodTables(report).map((table) => tableHtml(table, charts[table.id] ?? '')),
    '</body></html>',
    '',
  ].join('\n');
}
