import { Link } from 'wouter';
import { Badge } from '../../parts/badge.tsx';
import { Age } from '../../parts/time.tsx';
import { recoveryLook } from '../../words/statuses.ts';
import { describeWait, waitsForPerson } from '../../words/waits.ts';
import { recoveryHref } from './recovery-table.tsx';
import { useRecoveryList } from './use-recovery-list.ts';

const sinceOf = ({ waitingSince, startedAt }: { waitingSince: string | null; startedAt: string }): string =>
  waitingSince ?? startedAt;

/** What a person is asked for, longest wait first. */
export function WaitingBlock() {
  const { items } = useRecoveryList(
    { waitingFor: 'any' },
    ({ waitingFor, closedAt }) => closedAt === null && waitsForPerson(waitingFor),
  );
  const waiting = items
    ?.filter(({ waitingFor }) => waitsForPerson(waitingFor))
    .sort((a, b) => (sinceOf(a) < sinceOf(b) ? -1 : 1));
  if (!waiting) return null;
  return (
    <section className={waiting.length > 0 ? 'waiting some' : 'waiting'} aria-labelledby="waiting">
      <h2 id="waiting">{waiting.length > 0 ? `Waiting for you: ${waiting.length}` : 'Nothing waits for you'}</h2>
      {waiting.length > 0 && (
        <ul>
          {waiting.map((item) => (
            <li key={item.runId}>
              <Link href={recoveryHref(item)} className="waiting-target">
                {item.target}
              </Link>
              <span className="waiting-what">
                waits for <strong>{describeWait(item.waitingFor ?? '')}</strong>
              </span>
              <span className="waiting-since">
                for <Age at={sinceOf(item)} />
              </span>
              <span className="waiting-status">
                <Badge look={recoveryLook(item.status)} />
              </span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
