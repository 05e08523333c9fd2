import type { Answer } from '../../api/types.ts';
import { formatDuration } from '../../words/format.ts';

type Groups = Answer<'statistics'>['groups'];

const LEFT = 190;
const WIDTH = 900;
const ROW = 26;
const MARKS_MS = [100, 1000, 10_000, 60_000, 600_000, 3_600_000, 36_000_000, 360_000_000];

/** p50 to max of each group on one axis of powers, since seconds and hours stand side by side. The table has the figures. */
export function SpreadChart({ groups }: { groups: Groups }) {
  const rows = groups.flatMap(({ key, record: { time } }) => (time ? [{ key, time }] : []));
  if (rows.length === 0) return null;
  const low = Math.max(1, Math.min(...rows.map(({ time }) => time.p50)) / 1.5);
  const high = Math.max(...rows.map(({ time }) => time.max)) * 1.5;
  const at = (value: number): number =>
    LEFT + ((Math.log(Math.max(value, low)) - Math.log(low)) / (Math.log(high) - Math.log(low))) * (WIDTH - LEFT - 20);
  const height = rows.length * ROW + 28;
  return (
    <figure className="card" aria-hidden="true">
      <figcaption className="muted small">Time to recover: dot p50, bar to p90, line to max</figcaption>
      <svg className="chart spread" viewBox={`0 0 ${WIDTH} ${height}`}>
        {MARKS_MS.filter((mark) => mark > low && mark < high).map((mark) => (
          <g key={mark} className="grid">
            <line x1={at(mark)} x2={at(mark)} y1="4" y2={height - 22} />
            <text x={at(mark)} y={height - 6} textAnchor="middle">
              {formatDuration(mark)
                .replace(/ 00 \w+$/, '')
                .replace('.0', '')}
            </text>
          </g>
        ))}
        {rows.map(({ key, time }, index) => {
          const y = index * ROW + 16;
          return (
            <g key={key}>
              <text x="0" y={y + 4}>
                {key.replaceAll('_', ' ').slice(0, 28)}
              </text>
              <line className="to-max" x1={at(time.p50)} x2={at(time.max)} y1={y} y2={y} />
              <rect x={at(time.p50)} width={Math.max(1, at(time.p90) - at(time.p50))} y={y - 5} height="10" rx="3" />
              <circle cx={at(time.p50)} cy={y} r="5" />
            </g>
          );
        })}
      </svg>
    </figure>
  );
}
