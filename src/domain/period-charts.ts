import { formatMs } from './duration.ts';
import { TIME_PARTS, type PeriodReport } from './period-report.ts';
import { PART_WORDS } from './period-tables.ts';

const WIDTH = 900;
const LEFT = 190;
const RIGHT = 90;
const ROW = 26;
const TREND_HEIGHT = 120;
/** The most playbooks with a chart of their own; the tables have all. */
const MOST_TRENDS = 12;

/** What is quoted must not become markup. */
export const escapeHtml = (text: string): string => text.replaceAll(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);

const round = (value: number): string => value.toFixed(1).replace(/\.0$/, '');

const svg = (title: string, height: number, body: readonly string[]): string =>
  [`<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escapeHtml(title)}">`, ...body, '</svg>'].join('\n');

const label = (text: string, y: number): string =>
  `<text x="0" y="${y + 4}">${escapeHtml(text.length > 28 ? `${text.slice(0, 27)}…` : text)}</text>`;

/** Where the mean time to recover went, a bar for each playbook. Empty where there is nothing to draw. */
export function partsChart({ byPlaybook, recoveryTime }: PeriodReport): string {
  const rows = [...byPlaybook, { playbook: 'all', time: recoveryTime }].flatMap(({ playbook, time }) =>
    time.parts && time.meanMs !== undefined ? [{ playbook, parts: time.parts, meanMs: time.meanMs }] : [],
  );
  if (rows.length === 0) return '';
  const whole = Math.max(1, ...rows.map(({ meanMs }) => meanMs));
  const scale = (WIDTH - LEFT - RIGHT) / whole;
  const key = TIME_PARTS.map(
    (part, index) =>
      `<rect class="part-${part}" x="${LEFT + index * 120}" y="4" width="12" height="12" rx="2"/>` +
      `<text class="small" x="${LEFT + index * 120 + 18}" y="14">${PART_WORDS[part]}</text>`,
  );
  const bars = rows.flatMap(({ playbook, parts, meanMs }, index) => {
    const y = 40 + index * ROW;
    let x = LEFT;
    const stretches = TIME_PARTS.map((part) => {
      const width = parts[part] * scale;
      const rect =
        `<rect class="part-${part}" x="${round(x)}" y="${y - 8}" width="${round(width)}" height="16">` +
        `<title>${PART_WORDS[part]}: ${formatMs(parts[part])}</title></rect>`;
      x += width;
      return width > 0 ? rect : '';
    });
    return [
      label(playbook, y),
      ...stretches,
      `<text class="small" x="${round(x + 6)}" y="${y + 4}">${formatMs(meanMs)}</text>`,
    ];
  });
  return svg('Mean time to recover by its parts, for each playbook', 34 + rows.length * ROW, [...key, ...bars]);
}

/** Each recovery of a playbook as a dot: when it closed and how long it took; a cross where it did not help. */
function trendChart(
  { playbook, objectiveMs, points }: PeriodReport['trend'][number],
  from: number,
  to: number,
): string {
  const times = points.flatMap(({ ttrMs }) => ttrMs ?? []);
  const high = Math.max(1, ...times, objectiveMs ?? 0) * 1.1;
  const x = (at: string): number => LEFT + ((Date.parse(at) - from) / Math.max(1, to - from)) * (WIDTH - LEFT - RIGHT);
  const base = TREND_HEIGHT - 20;
  const y = (ms: number): number => base - (ms / high) * (base - 12);
  const marks = points.map(({ at, ttrMs, status }) => {
    const title = `<title>${escapeHtml(at)}: ${escapeHtml(status)}${ttrMs === undefined ? '' : `, ${formatMs(ttrMs)}`}</title>`;
    if (ttrMs !== undefined) return `<circle cx="${round(x(at))}" cy="${round(y(ttrMs))}" r="4">${title}</circle>`;
    const [cx, cy] = [x(at), base - 6];
    return `<path class="lost" d="M${round(cx - 4)} ${round(cy - 4)}l8 8m0-8l-8 8">${title}</path>`;
  });
  const objective =
    objectiveMs === undefined
      ? []
      : [
          `<line class="objective" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${round(y(objectiveMs))}" y2="${round(y(objectiveMs))}"/>`,
          `<text class="small" x="${WIDTH - RIGHT + 6}" y="${round(y(objectiveMs) + 4)}">RTO ${formatMs(objectiveMs)}</text>`,
        ];
  return svg(`Times to recover by ${playbook}`, TREND_HEIGHT, [
    label(playbook, 20),
    `<text class="small" x="0" y="40">${points.length} recoveries</text>`,
    `<line class="axis" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${base}" y2="${base}"/>`,
    ...objective,
    ...marks,
  ]);
}

export const trendCharts = ({ trend, from, to }: PeriodReport): string[] =>
  trend.slice(0, MOST_TRENDS).map((one) => trendChart(one, Date.parse(from), Date.parse(to)));
