import { waterfallOf } from '../../../../src/domain/waterfall.ts';
import type { RecoveryReport } from '../../api/types.ts';
import { formatDuration } from '../../words/format.ts';

/** From the fault to the proof, each stretch where it was: detection, planning, waits for people, every action, verification. */
export function Waterfall({ report }: { report: RecoveryReport }) {
  const stretches = waterfallOf(report);
  const whole = Math.max(1, ...stretches.map(({ to }) => to));
  const { ttrMs } = report.durations;
  return (
    <table className="waterfall">
      <caption className="sr-only">What the time was spent on, from the fault on</caption>
      <tbody>
        {stretches.map(({ kind, name, from, to, failed }, index) => (
          <tr key={`${index} ${name}`}>
            <th scope="row">
              {name}
              {failed && <span className="refused"> did not help</span>}
            </th>
            <td className="bar-cell">
              <svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
                <rect
                  className={`part-${kind}`}
                  x={(from / whole) * 98}
                  width={Math.max(0.8, ((to - from) / whole) * 98)}
                  y="1"
                  height="6"
                />
              </svg>
            </td>
            <td className="number">{formatDuration(to - from)}</td>
          </tr>
        ))}
        <tr className="sum">
          <th scope="row">time to recover</th>
          <td />
          <td className="number">{ttrMs === undefined ? '–' : formatDuration(ttrMs)}</td>
        </tr>
      </tbody>
    </table>
  );
}
