import type { ReactNode } from 'react';
import { Link } from 'wouter';
import type { Host, HostDetails } from '../../api/types.ts';
import { Badge } from '../../parts/badge.tsx';
import { Age, Moment } from '../../parts/time.tsx';
import { COPY_LOOKS } from '../../words/statuses.ts';

/** Who keeps it from work, and why. */
export function HostStanding({ host: { drained, failedOver } }: { host: Host }) {
  if (!drained && !failedOver) return null;
  return (
    <ul className="meta">
      {failedOver && (
        <li>
          {failedOver.state === 'done' ? 'failed over' : 'being failed over'} to {failedOver.to} since{' '}
          <Moment at={failedOver.at} />
        </li>
      )}
      {drained && (
        <li>
          drained since <Moment at={drained.at} />{' '}
          <span className="actor">
            {drained.by}: {drained.reason}
          </span>
        </li>
      )}
    </ul>
  );
}

const CARE: Record<Host['care'], string> = { on: 'every night', off: 'switched off', none: 'none' };

/** Seen when, by whom, and what its worker can do. */
export function HostFacts({ host }: { host: Host }) {
  const { taskQueue, lastSeenAt, workers, worker, care } = host;
  const rows: [string, ReactNode][] = [
    ['Task queue', taskQueue],
    ['Last seen', lastSeenAt === null ? 'not within the last minutes' : <Age key="age" at={lastSeenAt} />],
    ['Workers', workers.length === 0 ? 'none' : workers.map(({ identity }) => identity).join(', ')],
    ['Care of its store', CARE[care]],
    ...(worker
      ? ([
          ['Started', <Moment key="moment" at={worker.startedAt} />],
          ['Version', `${worker.version} on Node ${worker.node}`],
          ['git', worker.git ?? 'not there'],
          ['tmux', worker.tmux ?? 'not there'],
          ['Providers', worker.providers.length === 0 ? 'none' : worker.providers.join(', ')],
          ['Copies of checkpoints', worker.replica ? 'to the replica' : 'none'],
        ] satisfies [string, ReactNode][])
      : []),
  ];
  return (
    <dl className="facts">
      {rows.map(([term, value]) => (
        <div key={term}>
          <dt>{term}</dt>
          <dd className="number">{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** Whose checkpoints are there, and which could be restored elsewhere. */
export function HostSubjects({ subjects }: Pick<HostDetails, 'subjects'>) {
  return (
    <section className="card stack" aria-labelledby="host-subjects">
      <h2 id="host-subjects">Checkpoints there</h2>
      {subjects.length === 0 ? (
        <p className="muted">It has no checkpoints.</p>
      ) : (
        <table className="list">
          <thead>
            <tr>
              <th>Subject</th>
              <th>Checkpoints</th>
              <th>Newest whole one</th>
              <th>Copy elsewhere</th>
            </tr>
          </thead>
          <tbody>
            {subjects.map(({ subject, checkpoints, latestAt, replicated }) => (
              <tr key={subject}>
                <td>
                  <Link href={`/checkpoints?subject=${encodeURIComponent(subject)}`}>{subject}</Link>
                </td>
                <td className="number">{checkpoints}</td>
                <td>{latestAt === null ? 'none' : <Age at={latestAt} />}</td>
                <td>
                  <Badge look={COPY_LOOKS[replicated ? 'copied' : 'here']} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
