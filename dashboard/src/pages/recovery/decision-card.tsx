import { useState } from 'react';
import type { Decision, RecoveryDetail } from '../../api/types.ts';
import { Actions } from '../../parts/actions.tsx';
import { Icon } from '../../parts/icon.tsx';
import { useRefusal } from '../../state/session.tsx';
import { DECISION_WORDS } from '../../words/decisions.ts';
import { DecisionSheet } from './decision-sheet.tsx';
import { RecordedErrorView } from './recorded-error.tsx';
import { Until } from './until.tsx';

interface DecisionCardProps {
  detail: RecoveryDetail;
  actionId: string;
  until: string | undefined;
  onDone: () => void;
}

/** An action has failed in a way that nobody has planned for: a person decides how it goes on. */
export function DecisionCard({ detail, actionId, until, onDone }: DecisionCardProps) {
  const refusal = useRefusal()('decideRecovery');
  const [chosen, setChosen] = useState<Decision>();
  const record = detail.snapshot?.actions.find(({ id }) => id === actionId);
  return (
    <section className="card ask" aria-labelledby="decision">
      <h2 id="decision">
        <Icon name="person" />
        How is it to go on after “{record?.title ?? actionId}”?
      </h2>
      {record?.error && <RecordedErrorView error={record.error} />}
      <p className="muted">
        Ends by itself <Until at={until} then="it escalates" />
      </p>
      <Actions
        acts={detail.allowedDecisions.map(({ decision, allowed, reason }) => ({
          label: DECISION_WORDS[decision as Decision].label,
          onClick: () => setChosen(decision as Decision),
          refused: refusal ?? (allowed ? undefined : (reason ?? 'not possible now')),
        }))}
      />
      {chosen && (
        <DecisionSheet
          detail={detail}
          actionId={actionId}
          decision={chosen}
          onClose={() => setChosen(undefined)}
          onDone={onDone}
        />
      )}
    </section>
  );
}
