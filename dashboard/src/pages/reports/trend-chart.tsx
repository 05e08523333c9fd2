import { Link } from 'wouter';
import type { Answer } from '../../api/types.ts';
import { formatDuration, formatMoment } from '../../words/format.ts';

type Report = Answer<'getPeriodReport'>;
type Trend = Report['trend'][number];

const WIDTH = 900;
const HEIGHT = 110;
const LEFT = 6;
const RIGHT = 100;
const BASE = HEIGHT - 18;

interface TrendChartProps extends Trend {
  from: number;
  to: number;
}

/** Each recovery of a playbook as a dot over time, a cross where it has not helped, and the objective as a line. */
export function TrendChart({ playbook, objectiveMs, points, from, to }: TrendChartProps) {
  const high = Math.max(1, objectiveMs ?? 0, ...points.map(({ ttrMs }) => ttrMs ?? 0)) * 1.1;
  const x = (at: string): number =>
    LEFT + 6 + ((Date.parse(at) - from) / Math.max(1, to - from)) * (WIDTH - LEFT - RIGHT - 12);
  const y = (ms: number): number => BASE - (ms / high) * (BASE - 10);
  return (
    <figure className="trend">
      <figcaption>
        <Link href={`/playbooks/${playbook}`}>{playbook}</Link>{' '}
        <span className="muted small">
          {points.length} {points.length === 1 ? 'recovery' : 'recoveries'}
        </span>
      </figcaption>
      <svg className="chart" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true">
        <line className="axis" x1={LEFT} x2={WIDTH - RIGHT} y1={BASE} y2={BASE} />
        {objectiveMs !== undefined && (
          <>
            <line className="objective" x1={LEFT} x2={WIDTH - RIGHT} y1={y(objectiveMs)} y2={y(objectiveMs)} />
            <text x={WIDTH - RIGHT + 6} y={y(objectiveMs) + 4}>
              RTO {formatDuration(objectiveMs)}
            </text>
          </>
        )}
        {points.map(({ at, status, ttrMs, runId }) => {
          const said = `${formatMoment(at)}: ${status}${ttrMs === undefined ? '' : `, ${formatDuration(ttrMs)}`}`;
          return ttrMs === undefined ? (
            <path key={runId} className="lost" d={`M${x(at) - 4} ${BASE - 10}l8 8m0-8l-8 8`}>
              <title>{said}</title>
            </path>
          ) : (
            <circle key={runId} cx={x(at)} cy={y(ttrMs)} r="4">
              <title>{said}</title>
            </circle>
          );
        })}
      </svg>
    </figure>
  );
}
