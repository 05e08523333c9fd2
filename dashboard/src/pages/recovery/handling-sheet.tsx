import { useState } from 'react';
import type { ActionRecord, RecoveryDetail } from '../../api/types.ts';
import { ReasonForm } from '../../parts/reason-form.tsx';
import { Sheet } from '../../parts/sheet.tsx';
import { useSession } from '../../state/session.tsx';
import { ACTION_LOOKS } from '../../words/statuses.ts';
import { recoveryApiPath } from './use-recovery.ts';

export type Handle = 'pause' | 'resume' | 'cancel' | 'kill';

const TITLES: Record<Handle, string> = {
  pause: 'Pause this recovery',
  resume: 'Resume this recovery',
  cancel: 'Cancel this recovery and undo what it has done',
  kill: 'Kill this recovery and undo nothing',
};

const begun = (actions: readonly ActionRecord[]): ActionRecord[] =>
  actions.filter(({ status }) => !['pending', 'not_needed', 'skipped', 'compensated'].includes(status));

/** What a cancel takes back and what a kill leaves, action by action. */
function Effects({ detail, handle }: { detail: RecoveryDetail; handle: Handle }) {
  if (handle === 'pause') return <p>The action that runs is finished; the next one waits until somebody resumes it.</p>;
  if (handle === 'resume') return <p>It goes on with its next action.</p>;
  const touched = begun(detail.snapshot?.actions ?? []);
  const undo = (id: string): boolean => {
    const action = detail.plan?.actions.find((each) => each.id === id);
    return action?.compensation !== undefined || action?.type === 'rollback';
  };
  if (touched.length === 0) return <p>No action has begun yet, so nothing has to be undone.</p>;
  return (
    <>
      <p>{handle === 'cancel' ? 'Newest first:' : 'These have begun, and stay as they are:'}</p>
      <ul className="effects">
        {[...touched].reverse().map(({ id, title, status }) => (
          <li key={id}>
            <strong>{title}</strong> ({ACTION_LOOKS[status].word}):{' '}
            {handle === 'kill'
              ? undo(id)
                ? 'its undo is not run'
                : 'it has no undo'
              : undo(id)
                ? 'is undone'
                : 'has no undo and stays'}
          </li>
        ))}
      </ul>
    </>
  );
}

interface HandlingSheetProps {
  detail: RecoveryDetail;
  handle: Handle;
  onClose: () => void;
  onDone: () => void;
}

export function HandlingSheet({ detail, handle, onClose, onDone }: HandlingSheetProps) {
  const { api } = useSession();
  const [left, setLeft] = useState<string[]>();
  if (left) {
    return (
      <Sheet title="Killed" onClose={onClose}>
        <p>{left.length === 0 ? 'Nothing had begun that has an undo.' : `Not undone: ${left.join(', ')}.`}</p>
        <div className="buttons">
          <button type="button" className="primary" onClick={onClose}>
            Close
          </button>
        </div>
      </Sheet>
    );
  }
  return (
    <Sheet title={TITLES[handle]} onClose={onClose}>
      <ReasonForm
        verb={handle === 'cancel' ? 'Cancel and undo' : handle.charAt(0).toUpperCase() + handle.slice(1)}
        tone={handle === 'kill' || handle === 'cancel' ? 'danger' : 'primary'}
        send={async (reason) => {
          const path = `${recoveryApiPath(detail.workflowId)}/${handle}`;
          const answer = await api.send<{ left?: string[] }>('POST', path, { reason });
          if (answer.left) setLeft(answer.left);
          else onClose();
        }}
        onDone={onDone}
        onCancel={onClose}
      >
        <Effects detail={detail} handle={handle} />
      </ReasonForm>
    </Sheet>
  );
}
