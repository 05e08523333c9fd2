import { useState } from 'react';
import { firstUndone } from '../../../../src/domain/continuation.ts';
import type { RecoveryDetail } from '../../api/types.ts';
import { Actions, type Act } from '../../parts/actions.tsx';
import { useRefusal } from '../../state/session.tsx';
import { ContinueSheet } from './continue-sheet.tsx';
import { HandlingSheet, type Handle } from './handling-sheet.tsx';

type Shown = Handle | 'continue' | 'fork';

/** What can be done with the whole recovery; confirmed with a reason. */
export function Handling({ detail, onDone }: { detail: RecoveryDetail; onDone: () => void }) {
  const refusal = useRefusal();
  const [shown, setShown] = useState<Shown>();
  const { open, plan, snapshot, report } = detail;
  const actions = report?.actions ?? snapshot?.actions ?? [];
  const paused = snapshot?.status === 'paused' || snapshot?.pausedBy !== undefined;
  const stopping = snapshot?.status === 'compensating' ? 'it is undoing what it has done already' : undefined;
  const acts: Act[] = open
    ? [
        paused
          ? { label: 'Resume', onClick: () => setShown('resume'), refused: refusal('resumeRecovery') }
          : { label: 'Pause', onClick: () => setShown('pause'), refused: refusal('pauseRecovery') ?? stopping },
        { label: 'Cancel', onClick: () => setShown('cancel'), refused: refusal('cancelRecovery') ?? stopping },
        { label: 'Kill', tone: 'danger', onClick: () => setShown('kill'), refused: refusal('killRecovery') },
      ]
    : [
        {
          label: 'Continue',
          onClick: () => setShown('continue'),
          refused:
            refusal('continueRecovery') ??
            (plan === null || actions.length === 0
              ? 'it had no plan'
              : firstUndone(plan, actions) === undefined
                ? 'every action of it was done'
                : undefined),
        },
        {
          label: 'Fork',
          onClick: () => setShown('fork'),
          refused: refusal('forkRecovery') ?? (actions.length === 0 ? 'it had no plan' : undefined),
        },
      ];
  const close = (): void => setShown(undefined);
  return (
    <section className="handling" aria-label="The whole recovery">
      <Actions acts={acts} />
      {plan !== null && (shown === 'continue' || shown === 'fork') && (
        <ContinueSheet detail={detail} planned={plan} actions={actions} how={shown} onClose={close} onDone={onDone} />
      )}
      {shown !== undefined && shown !== 'continue' && shown !== 'fork' && (
        <HandlingSheet detail={detail} handle={shown} onClose={close} onDone={onDone} />
      )}
    </section>
  );
}
