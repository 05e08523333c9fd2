import { useId, useState } from 'react';
import { describeArgv } from '../../../../src/domain/operation.ts';
import type { PlannedAction, RecoveryDetail } from '../../api/types.ts';
import { Actions } from '../../parts/actions.tsx';
import { Icon } from '../../parts/icon.tsx';
import { ProblemCard } from '../../parts/problem-card.tsx';
import { useRefusal, useSession } from '../../state/session.tsx';
import { useChange } from '../../state/use-change.ts';
import { Until } from './until.tsx';
import { recoveryApiPath } from './use-recovery.ts';

interface ManualCardProps {
  detail: RecoveryDetail;
  action: Extract<PlannedAction, { type: 'manual' }>;
  until: string | undefined;
  onDone: () => void;
}

const ON_TIMEOUT = { escalate: 'it escalates', fail: 'the step has failed', continue: 'it goes on without' };

/** A step that only a person can do. */
export function ManualCard({ detail, action, until, onDone }: ManualCardProps) {
  const { api } = useSession();
  const refused = useRefusal()('completeManualStep');
  const { busy, problem, run } = useChange();
  const [note, setNote] = useState('');
  const id = useId();
  const answer = (outcome: 'done' | 'failed') => () =>
    void run(() =>
      api.send('POST', `${recoveryApiPath(detail.workflowId)}/complete-manual-step`, {
        actionId: action.id,
        outcome,
        ...(note.trim() === '' ? {} : { note: note.trim() }),
      }),
    ).then((ok) => ok && onDone());
  return (
    <section className="card ask" aria-labelledby="manual">
      <h2 id="manual">
        <Icon name="person" />
        To be done by hand: {action.title}
      </h2>
      {action.instructions !== '' && <p className="instructions">{action.instructions}</p>}
      {action.commands.map((argv) => (
        <pre key={argv.join(' ')}>
          <code>{describeArgv(argv)}</code>
        </pre>
      ))}
      <p className="muted">
        Ends by itself <Until at={until} then={ON_TIMEOUT[action.onTimeout]} />
      </p>
      <div className="answer">
        <label htmlFor={id}>Note (optional)</label>
        <textarea id={id} rows={2} maxLength={4000} value={note} onChange={(event) => setNote(event.target.value)} />
        {problem && <ProblemCard problem={problem} />}
        <Actions
          busy={busy}
          acts={[
            { label: 'Done', tone: 'primary', onClick: answer('done'), refused },
            { label: 'Failed', tone: 'danger', onClick: answer('failed'), refused },
          ]}
        />
      </div>
    </section>
  );
}
