import type { RecoveryDetail } from '../../api/types.ts';
import { ApprovalCard } from './approval-card.tsx';
import { DecisionCard } from './decision-card.tsx';
import { ManualCard } from './manual-card.tsx';

/** What a person is asked at this moment, if anything. */
export function Ask({ detail, onDone }: { detail: RecoveryDetail; onDone: () => void }) {
  const { snapshot, plan, open } = detail;
  if (!open || !snapshot || !plan) return null;
  const { waitingFor, approval } = snapshot;
  if (approval) return <ApprovalCard detail={detail} plan={plan} approval={approval} onDone={onDone} />;
  const action = plan.actions.find(({ id }) => id === waitingFor?.actionId);
  if (waitingFor?.kind === 'manual' && action?.type === 'manual') {
    return <ManualCard detail={detail} action={action} until={waitingFor.until} onDone={onDone} />;
  }
  if (waitingFor?.kind === 'decision') {
    return (
      <DecisionCard detail={detail} actionId={waitingFor.actionId ?? ''} until={waitingFor.until} onDone={onDone} />
    );
  }
  return null;
}
