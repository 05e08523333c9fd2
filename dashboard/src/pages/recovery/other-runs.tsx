import { Link } from 'wouter';
import { Badge } from '../../parts/badge.tsx';
import { Age } from '../../parts/time.tsx';
import { recoveryLook } from '../../words/statuses.ts';
import { recoveryHref } from '../recoveries/recovery-table.tsx';
import { useRecoveryList } from '../recoveries/use-recovery-list.ts';

/** Earlier and later recoveries of the same target. */
export function OtherRuns({ target, runId }: { target: string; runId: string }) {
  const { items } = useRecoveryList({ target }, (item) => item.target === target);
  const others = items?.filter((item) => item.runId !== runId).slice(0, 10) ?? [];
  const here = items?.find((item) => item.runId === runId);
  if (others.length === 0) return null;
  return (
    <section className="card" aria-labelledby="others">
      <h2 id="others">Other recoveries of this target</h2>
      <ul className="other-runs">
        {others.map((item) => (
          <li key={item.runId}>
            <Badge look={recoveryLook(item.status)} />
            <Link href={recoveryHref(item)}>
              {here && item.startedAt > here.startedAt ? 'later' : 'earlier'}, <Age at={item.startedAt} /> ago
            </Link>
            <span className="muted">{item.playbook ?? ''}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
