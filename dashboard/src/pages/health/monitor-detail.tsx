import { useState } from 'react';
import { Link } from 'wouter';
import type { MonitorHealth, TargetHealth } from '../../api/types.ts';
import { Actions, type Act } from '../../parts/actions.tsx';
import { Badge } from '../../parts/badge.tsx';
import { Loading, ProblemCard } from '../../parts/problem-card.tsx';
import { ReasonForm } from '../../parts/reason-form.tsx';
import { Sheet } from '../../parts/sheet.tsx';
import { Age, Moment } from '../../parts/time.tsx';
import { useRefusal, useSession } from '../../state/session.tsx';
import { useOften } from '../../state/use-often.ts';
import { useResource } from '../../state/use-resource.ts';
import { HEALTH_LOOKS } from '../../words/statuses.ts';

const LOOK_MS = 2000;
const HOUR_MS = 3_600_000;

type Verb = 'check' | 'maintenance' | 'end-maintenance' | 'reset';

const VERBS: Record<Verb, { label: string; effect: string }> = {
  check: { label: 'Check now', effect: 'Every check of the target looks at once, whatever its period.' },
  maintenance: { label: 'Maintenance for an hour', effect: 'It goes on looking, and starts no recovery for an hour.' },
  'end-maintenance': { label: 'End maintenance', effect: 'Recoveries are started again.' },
  reset: { label: 'Reset', effect: 'Its starts are forgotten: the next failures start a recovery again.' },
};

const bodyOf = (verb: Verb, target: string): object => {
  if (verb === 'maintenance') return { target, mode: 'on', until: new Date(Date.now() + HOUR_MS).toISOString() };
  return verb === 'end-maintenance' ? { target, mode: 'off' } : { target };
};

function RecoveryLink({ recoveryId, runId, children }: { recoveryId: string; runId?: string; children: string }) {
  const target = recoveryId.replace(/^recovery\//, '');
  return <Link href={`/recoveries/${target}${runId === undefined ? '' : `?run=${runId}`}`}>{children}</Link>;
}

/** The one that is open, else the last one. */
function Recoveries({ openRecovery, lastRecovery }: Pick<TargetHealth, 'openRecovery' | 'lastRecovery'>) {
  if (openRecovery)
    return (
      <li>
        <RecoveryLink recoveryId={openRecovery.recoveryId}>its recovery is open</RecoveryLink>
      </li>
    );
  if (!lastRecovery) return null;
  return (
    <li>
      <RecoveryLink recoveryId={lastRecovery.recoveryId} runId={lastRecovery.recoveryRunId}>
        last recovery
      </RecoveryLink>{' '}
      <Age at={lastRecovery.endedAt} />
    </li>
  );
}

/** What keeps it from being treated, and what treats it. */
function Standing({ health }: { health: TargetHealth }) {
  const { openRecovery, lastRecovery, maintenance, escalatedSince, cooldownUntil, flapping, problem } = health;
  return (
    <ul className="meta">
      <Recoveries openRecovery={openRecovery} lastRecovery={lastRecovery} />
      {escalatedSince !== null && (
        <li>
          <Badge look={{ word: 'escalated', tone: 'bad', icon: 'up' }} /> no more starts until it is reset
        </li>
      )}
      {maintenance && (
        <li>
          <Badge look={{ word: 'maintenance', tone: 'wait', icon: 'pause' }} /> until <Moment at={maintenance.until} />:{' '}
          {maintenance.by}: {maintenance.reason}
        </li>
      )}
      {cooldownUntil !== null && (
        <li>
          cools down until <Moment at={cooldownUntil} />
        </li>
      )}
      {flapping && <li>it flaps: ill again before it was well for long enough</li>}
      {problem !== null && <li className="refused">{problem}</li>}
    </ul>
  );
}

function Target({ health, onVerb }: { health: TargetHealth; onVerb: (verb: Verb) => void }) {
  const refusal = useRefusal();
  const { target, state, since, checks, maintenance, escalatedSince } = health;
  const act = (verb: Verb, refused: string | undefined): Act => ({
    label: VERBS[verb].label,
    onClick: () => onVerb(verb),
    refused,
  });
  const acts = [
    act('check', refusal('checkMonitor')),
    act(maintenance ? 'end-maintenance' : 'maintenance', refusal('setMaintenance')),
    ...(escalatedSince === null ? [] : [act('reset', refusal('resetMonitorTarget'))]),
  ];
  return (
    <section className="card stack" aria-label={target}>
      <div className="title-row">
        <h3>{target}</h3>
        <Badge look={HEALTH_LOOKS[state]} />
        <span className="muted">
          for <Age at={since} />
        </span>
      </div>
      <Standing health={health} />
      <table className="list">
        <thead>
          <tr>
            <th>State</th>
            <th>Check</th>
            <th>Last seen</th>
            <th>As of</th>
          </tr>
        </thead>
        <tbody>
          {checks.map((check) => (
            <tr key={check.name}>
              <td>
                <Badge look={HEALTH_LOOKS[check.state]} />
              </td>
              <td>
                {check.name} <span className="muted small">{check.kind}</span>
              </td>
              <td>
                {check.lastReading?.observed ?? 'nothing yet'}
                {check.failuresInRow > 1 && ` (${check.failuresInRow} in a row)`}
              </td>
              <td>{check.lastReading && <Age at={check.lastReading.at} />}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <Actions acts={acts} />
    </section>
  );
}

export function MonitorDetail({ name }: { name: string }) {
  const { api } = useSession();
  const [asked, setAsked] = useState<{ verb: Verb; target: string }>();
  const path = `/api/v1/monitors/${encodeURIComponent(name)}`;
  const { data, problem, loading, reload } = useResource(path, (asks, signal) =>
    asks.get<MonitorHealth>(path, undefined, signal),
  );
  useOften(reload, LOOK_MS);
  if (loading) return <Loading what={name} />;
  if (!data) return problem ? <ProblemCard problem={problem} onRetry={reload} /> : null;
  const close = (): void => setAsked(undefined);
  return (
    <div className="stack">
      <div className="title-row">
        <h2>{name}</h2>
        <Badge look={HEALTH_LOOKS[data.state]} />
        <span className="muted">
          on {data.host.name}
          {data.host.state !== 'watching' && `, whose worker is ${data.host.state}`}
        </span>
      </div>
      {data.host.problem !== null && <p className="refused">{data.host.problem}</p>}
      <ul className="meta">
        <Recoveries {...data.host} />
      </ul>
      {data.targets.map((health) => (
        <Target key={health.target} health={health} onVerb={(verb) => setAsked({ verb, target: health.target })} />
      ))}
      {asked && (
        <Sheet title={`${VERBS[asked.verb].label}: ${asked.target}`} onClose={close}>
          <ReasonForm
            verb={VERBS[asked.verb].label}
            send={(reason) =>
              api.send('POST', `${path}/${asked.verb.replace('end-', '')}`, {
                reason,
                ...bodyOf(asked.verb, asked.target),
              })
            }
            onDone={() => {
              close();
              reload();
            }}
            onCancel={close}
          >
            <p>{VERBS[asked.verb].effect}</p>
          </ReasonForm>
        </Sheet>
      )}
    </div>
  );
}
