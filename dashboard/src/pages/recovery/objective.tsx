import type { RecoveryDetail } from '../../api/types.ts';
import { useNow } from '../../state/use-now.ts';
import { formatSeconds, toMilliseconds } from '../../words/format.ts';
import type { Tone } from '../../words/statuses.ts';
import { clockStart } from '../../words/sentence.ts';

/** By the share of the objective that is used up. */
function toneOf(share: number, open: boolean): Tone {
  if (share > 1) return 'bad';
  if (!open) return 'good';
  return share > 0.75 ? 'wait' : 'busy';
}

/** How much of the recovery time objective is left; nothing where the plan has none. */
export function Objective({ detail }: { detail: RecoveryDetail }) {
  const now = useNow(detail.open ? 1000 : 60_000);
  const rto = toMilliseconds(detail.plan?.objectives.rto);
  if (rto === undefined || detail.status === 'killed') return null;
  const { report, closedAt } = detail;
  const end = report ? Date.parse(report.times.t5 ?? closedAt ?? '') : now;
  const spent = report?.durations.ttrMs ?? Math.max(0, end - clockStart(detail));
  const left = rto - spent;
  const kept = left >= 0;
  const words = detail.open
    ? kept
      ? `${formatSeconds(left)} left of ${formatSeconds(rto)} RTO`
      : `RTO of ${formatSeconds(rto)} exceeded by ${formatSeconds(-left)}`
    : kept
      ? `within the RTO: ${formatSeconds(spent)} of ${formatSeconds(rto)}`
      : `RTO missed: ${formatSeconds(spent)} instead of ${formatSeconds(rto)}`;
  return (
    <div className={`objective tone-${toneOf(spent / rto, detail.open)}`}>
      <progress max={rto} value={Math.min(spent, rto)} aria-label="Time against the RTO" />
      <span className="number">{words}</span>
    </div>
  );
}
