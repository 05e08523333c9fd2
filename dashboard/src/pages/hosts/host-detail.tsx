import { useState } from 'react';
import { standingsOf } from '../../../../src/domain/host.ts';
import type { Host, HostDetails } from '../../api/types.ts';
import { Actions } from '../../parts/actions.tsx';
import { Badge } from '../../parts/badge.tsx';
import { Loading, ProblemCard } from '../../parts/problem-card.tsx';
import { useRefusal } from '../../state/session.tsx';
import { useResource } from '../../state/use-resource.ts';
import { HOST_LOOKS } from '../../words/statuses.ts';
import { HostChangeSheet, type HostVerb } from './host-change-sheet.tsx';
import { HostFacts, HostStanding, HostSubjects } from './host-facts.tsx';

interface HostDetailProps {
  name: string;
  /** As the list has it, which is looked at often; whose checkpoints there are is asked of every ledger, and seldom. */
  listed: Host | undefined;
  onChanged: () => void;
}

export function HostDetail({ name, listed, onChanged }: HostDetailProps) {
  const refusal = useRefusal();
  const [verb, setVerb] = useState<HostVerb>();
  const path = `/api/v1/hosts/${encodeURIComponent(name)}`;
  const { data, problem, loading, reload } = useResource(path, (asked, signal) =>
    asked.get<HostDetails>(path, undefined, signal),
  );
  if (loading) return <Loading what={name} />;
  if (!data) return problem ? <ProblemCard problem={problem} onRetry={reload} /> : null;
  const host: HostDetails = { ...data, ...listed };
  const { drained, failedOver } = host;
  return (
    <div className="stack">
      <section className="card stack" aria-labelledby="host">
        <div className="title-row">
          <h2 id="host">{name}</h2>
          {standingsOf(host).map((standing) => (
            <Badge key={standing} look={HOST_LOOKS[standing]} />
          ))}
        </div>
        <HostStanding host={host} />
        <HostFacts host={host} />
        <Actions
          acts={[
            {
              label: 'Drain',
              onClick: () => setVerb('drain'),
              refused: refusal('drainHost') ?? (drained ? 'it is drained already' : undefined),
            },
            {
              label: 'Undrain',
              onClick: () => setVerb('undrain'),
              refused: refusal('undrainHost') ?? ((drained ?? failedOver) ? undefined : 'it takes work'),
            },
          ]}
        />
      </section>
      <HostSubjects subjects={host.subjects} />
      {verb && (
        <HostChangeSheet
          {...{ host, verb, path }}
          onClose={() => setVerb(undefined)}
          onDone={() => {
            setVerb(undefined);
            onChanged();
            reload();
          }}
        />
      )}
    </div>
  );
}
