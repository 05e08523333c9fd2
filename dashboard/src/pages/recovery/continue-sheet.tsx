import { useId, useState } from 'react';
import { useLocation } from 'wouter';
import { continuationOf, firstUndone } from '../../../../src/domain/continuation.ts';
import type { ActionRecord, Plan, RecoveryDetail } from '../../api/types.ts';
import { ReasonForm } from '../../parts/reason-form.tsx';
import { Sheet } from '../../parts/sheet.tsx';
import { useSession } from '../../state/session.tsx';
import { recoveryApiPath } from './use-recovery.ts';

interface ContinueSheetProps {
  detail: RecoveryDetail;
  /** Of then. */
  planned: Plan;
  actions: ActionRecord[];
  how: 'continue' | 'fork';
  onClose: () => void;
  onDone: () => void;
}

function Titles({ title, actions }: { title: string; actions: readonly { title: string }[] }) {
  if (actions.length === 0) return null;
  return (
    <div>
      <dt>{title}</dt>
      <dd>{actions.map((action) => action.title).join(', ')}</dd>
    </div>
  );
}

/** A new run that takes along what was done: what it would do comes first. */
export function ContinueSheet({ detail, planned, actions, how, onClose, onDone }: ContinueSheetProps) {
  const { api } = useSession();
  const [, go] = useLocation();
  const [from, setFrom] = useState(() => firstUndone(planned, actions) ?? actions[0]?.id ?? '');
  const [plan, setPlan] = useState<'same' | 'latest'>('same');
  const id = useId();
  const { receipts, again, leftOut } = continuationOf(
    { runId: detail.runId, plan: planned, actions, approvals: [] },
    planned,
    from,
  );
  const left = actions.filter((action) => leftOut.some(({ id: one }) => one === action.id));
  return (
    <Sheet title={how === 'continue' ? 'Continue where it stopped' : 'Fork from an action'} onClose={onClose}>
      <ReasonForm
        verb={how === 'continue' ? 'Continue' : 'Fork'}
        send={(reason) =>
          api.send('POST', `${recoveryApiPath(detail.workflowId)}/${how}`, {
            reason,
            plan,
            ...(how === 'fork' ? { from } : {}),
            runId: detail.runId,
          })
        }
        onDone={() => {
          onClose();
          onDone();
          go(`/recoveries/${detail.target}`);
        }}
        onCancel={onClose}
      >
        {how === 'fork' && (
          <>
            <label htmlFor={`${id}-from`}>From</label>
            <select id={`${id}-from`} value={from} onChange={(event) => setFrom(event.target.value)}>
              {actions.map((action) => (
                <option key={action.id} value={action.id}>
                  {action.order}. {action.title}
                </option>
              ))}
            </select>
          </>
        )}
        <label htmlFor={`${id}-plan`}>Plan</label>
        <select id={`${id}-plan`} value={plan} onChange={(event) => setPlan(event.target.value as 'same' | 'latest')}>
          <option value="same">the same as then</option>
          <option value="latest">made anew from the playbooks of now</option>
        </select>
        {plan === 'same' ? (
          <dl className="facts stacked">
            <Titles title="Will be done" actions={again} />
            <Titles title="Kept from then" actions={receipts} />
            <Titles title="Left out" actions={left} />
          </dl>
        ) : (
          <p>The plan is made when it starts; what is the same as then and was done is not done again.</p>
        )}
      </ReasonForm>
    </Sheet>
  );
}
