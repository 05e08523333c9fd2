import { formatAge, formatMoment } from '../words/format.ts';
import { useNow } from '../state/use-now.ts';

/** How long ago, with the moment on hover; looked at again every ten seconds, so that a list keeps still. */
export function Age({ at }: { at: string }) {
  const now = useNow(10_000);
  return (
    <time dateTime={at} title={formatMoment(at)} className="number">
      {formatAge(at, now)}
    </time>
  );
}

export function Moment({ at }: { at: string }) {
  return (
    <time dateTime={at} className="number">
      {formatMoment(at)}
    </time>
  );
}
