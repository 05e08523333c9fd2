import { useEffect, useState } from 'react';
import type { BreakerSnapshot } from '../../api/types.ts';
import { Actions } from '../../parts/actions.tsx';
import { Badge } from '../../parts/badge.tsx';
import { Loading, ProblemCard } from '../../parts/problem-card.tsx';
import { ReasonForm } from '../../parts/reason-form.tsx';
import { Sheet } from '../../parts/sheet.tsx';
import { Age, Moment } from '../../parts/time.tsx';
import { useRefusal, useSession } from '../../state/session.tsx';
import { useResource } from '../../state/use-resource.ts';
import { plural } from '../../words/format.ts';
import { BREAKER_LOOKS } from '../../words/statuses.ts';

type Verb = 'open' | 'close' | 'reset';

const VERBS: Record<Verb, { label: string; effect: string; tone: 'primary' | 'danger' }> = {
  reset: { label: 'Reset', effect: 'It closes and forgets its calls; it counts anew from now on.', tone: 'primary' },
  open: { label: 'Open', effect: 'All calls are kept away until somebody resets it.', tone: 'danger' },
  close: {
    label: 'Close',
    effect: 'All calls are let through until somebody resets it, whatever they come to.',
    tone: 'danger',
  },
};

const rate = (value: number | null, limit: number): string =>
  value === null ? `too few calls for a rate (opens at ${limit} %)` : `${value} % (opens at ${limit} %)`;

function Facts({ breaker }: { breaker: BreakerSnapshot }) {
  const { counts, settings, nextTryAt, leases } = breaker;
  const rows: [string, string][] = [
    ['Calls in the window', `${counts.calls}: ${counts.failed} failed, ${counts.slow} slow`],
    ['Failures', rate(counts.failureRate, settings.failureRateThreshold)],
    ['Slow calls', rate(counts.slowCallRate, settings.slowCallRateThreshold)],
    ['Kept away', plural(counts.notPermitted, 'call')],
    ['Not counted', plural(counts.ignored, 'late result')],
    ['Leases', leases.length === 0 ? 'none' : leases.map(({ by }) => by).join(', ')],
  ];
  return (
    <dl className="facts">
      {rows.map(([term, text]) => (
        <div key={term}>
          <dt>{term}</dt>
          <dd className="number">{text}</dd>
        </div>
      ))}
      {nextTryAt !== undefined && (
        <div>
          <dt>Next try</dt>
          <dd>
            <Moment at={nextTryAt} />
          </dd>
        </div>
      )}
    </dl>
  );
}

function History({ breaker }: { breaker: BreakerSnapshot }) {
  return (
    <section className="card" aria-labelledby="changes">
      <h2 id="changes">Changes</h2>
      {breaker.changes.length === 0 && <p className="muted">It has never changed.</p>}
      <ol className="timeline">
        {[...breaker.changes].reverse().map(({ at, from, to, by, reason }) => (
          <li key={`${at} ${to}`} className="breaker-change">
            <Age at={at} />
            <span />
            <div>
              {from === to ? (
                <Badge look={BREAKER_LOOKS[to]} />
              ) : (
                <>
                  {BREAKER_LOOKS[from].word} → <Badge look={BREAKER_LOOKS[to]} />
                </>
              )}
              <span className="actor">
                {by}: {reason}
              </span>
            </div>
          </li>
        ))}
      </ol>
    </section>
  );
}

/** `round` grows with each news about breakers. */
export function BreakerDetail({ name, round }: { name: string; round: number }) {
  const { api } = useSession();
  const refusal = useRefusal();
  const [verb, setVerb] = useState<Verb>();
  const path = `/api/v1/breakers/${encodeURIComponent(name)}`;
  const { data, problem, loading, reload } = useResource(path, (asked, signal) =>
    asked.get<BreakerSnapshot>(path, undefined, signal),
  );
  useEffect(() => {
    if (round > 0) reload();
  }, [round, reload]);
  if (loading) return <Loading what={name} />;
  if (!data) return problem ? <ProblemCard problem={problem} onRetry={reload} /> : null;
  const { state } = data;
  return (
    <div className="stack">
      <section className="card stack" aria-labelledby="breaker">
        <div className="title-row">
          <h2 id="breaker">{name}</h2>
          <Badge look={BREAKER_LOOKS[state]} />
          <span className="muted">
            for <Age at={data.since} />
            {data.degraded && ', calls are kept away'}
          </span>
        </div>
        <Facts breaker={data} />
        <Actions
          acts={[
            { label: 'Reset', onClick: () => setVerb('reset'), refused: refusal('resetBreaker') },
            {
              label: 'Open',
              onClick: () => setVerb('open'),
              refused: refusal('openBreaker') ?? (state === 'FORCED_OPEN' ? 'it is held open already' : undefined),
            },
            {
              label: 'Close',
              onClick: () => setVerb('close'),
              refused: refusal('closeBreaker') ?? (state === 'DISABLED' ? 'it is held closed already' : undefined),
            },
          ]}
        />
      </section>
      <History breaker={data} />
      <details className="card">
        <summary>Settings</summary>
        <dl className="facts">
          {Object.entries(data.settings).map(([key, value]) => (
            <div key={key}>
              <dt>{key}</dt>
              <dd className="number">{String(value)}</dd>
            </div>
          ))}
        </dl>
      </details>
      {verb && (
        <Sheet title={`${VERBS[verb].label} ${name}`} onClose={() => setVerb(undefined)}>
          <ReasonForm
            verb={VERBS[verb].label}
            tone={VERBS[verb].tone}
            send={(reason) => api.send('POST', `${path}/${verb}`, { reason })}
            onDone={() => {
              setVerb(undefined);
              reload();
            }}
            onCancel={() => setVerb(undefined)}
          >
            <p>{VERBS[verb].effect}</p>
          </ReasonForm>
        </Sheet>
      )}
    </div>
  );
}
