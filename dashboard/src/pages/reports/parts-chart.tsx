import { TIME_PARTS } from '../../../../src/domain/period-report.ts';
import { PART_WORDS } from '../../../../src/domain/period-tables.ts';
import type { Answer } from '../../api/types.ts';
import { formatDuration } from '../../words/format.ts';

const LEFT = 190;
const WIDTH = 900;
const ROW = 26;

/** Where the mean time to recover went, a bar for each playbook that has enough samples. The table has the figures. */
export function PartsChart({ byPlaybook }: Pick<Answer<'getPeriodReport'>, 'byPlaybook'>) {
  const rows = byPlaybook.flatMap(({ playbook, time: { parts, meanMs } }) =>
    parts && meanMs !== undefined ? [{ playbook, parts, meanMs }] : [],
  );
  if (rows.length === 0) return null;
  const scale = (WIDTH - LEFT - 90) / Math.max(1, ...rows.map(({ meanMs }) => meanMs));
  return (
    <figure className="trend" aria-hidden="true">
      <svg className="chart" viewBox={`0 0 ${WIDTH} ${rows.length * ROW + 30}`}>
        {TIME_PARTS.map((part, index) => (
          <g key={part}>
            <rect className={`part-${part}`} x={LEFT + index * 120} y="2" width="12" height="12" rx="2" />
            <text x={LEFT + index * 120 + 18} y="12">
              {PART_WORDS[part]}
            </text>
          </g>
        ))}
        {rows.map(({ playbook, parts, meanMs }, row) => {
          const y = 40 + row * ROW;
          let from = LEFT;
          return (
            <g key={playbook}>
              <text x="0" y={y + 4}>
                {playbook.slice(0, 28)}
              </text>
              {TIME_PARTS.map((part) => {
                const x = from;
                const width = parts[part] * scale;
                from += width;
                return <rect key={part} className={`part-${part}`} x={x} width={width} y={y - 8} height="16" />;
              })}
              <text x={from + 6} y={y + 4}>
                {formatDuration(meanMs)}
              </text>
            </g>
          );
        })}
      </svg>
    </figure>
  );
}
