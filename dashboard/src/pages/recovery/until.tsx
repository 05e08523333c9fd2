import { useNow } from '../../state/use-now.ts';
import { formatMoment, formatSeconds } from '../../words/format.ts';

/** When a wait ends by itself, and what happens then. */
export function Until({ at, then }: { at: string | undefined; then: string }) {
  const now = useNow(1000);
  if (at === undefined) return <>no time limit</>;
  const left = Date.parse(at) - now;
  return (
    <span className="number" title={formatMoment(at)}>
      {left > 0 ? `in ${formatSeconds(left)}` : 'now'}, then {then}
    </span>
  );
}
