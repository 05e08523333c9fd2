import { useId, useState } from 'react';
import type { OpenApproval, Plan, RecoveryDetail } from '../../api/types.ts';
import { Actions } from '../../parts/actions.tsx';
import { Icon } from '../../parts/icon.tsx';
import { ProblemCard } from '../../parts/problem-card.tsx';
import { useRefusal, useSession } from '../../state/session.tsx';
import { useChange } from '../../state/use-change.ts';
import { formatDuration, formatPercent, shortHash } from '../../words/format.ts';
import { describeAction } from '../../words/operations.ts';
import { ImpactList } from './impact-list.tsx';
import { Until } from './until.tsx';
import { recoveryApiPath } from './use-recovery.ts';

interface ApprovalCardProps {
  detail: RecoveryDetail;
  plan: Plan;
  approval: OpenApproval;
  onDone: () => void;
}

const ON_TIMEOUT = { escalate: 'it escalates', deny: 'it counts as denied', approve: 'it counts as approved' };

function prediction({ prediction: found }: OpenApproval): string {
  if (!found) return 'not known';
  const { plan, confidence } = found;
  if (plan.successRate === undefined) {
    return `the past says nothing yet (${plan.n} of 5 samples); the playbook claims ${formatPercent(confidence)}`;
  }
  const time = plan.time ? `, in ${formatDuration(plan.time.p50)} (p90 ${formatDuration(plan.time.p90)})` : '';
  return `has helped ${Math.round(plan.successRate * plan.n)} of ${plan.n} times${time}`;
}

function Facts({ detail, plan, approval }: Omit<ApprovalCardProps, 'onDone'>) {
  const { policy, granted, risk, pointOfNoReturn } = approval;
  const noReturn = plan.actions.find(({ id }) => id === pointOfNoReturn);
  return (
    <dl className="facts">
      <div>
        <dt>Risk</dt>
        <dd>
          <span className={`risk tone-${risk === 'low' ? 'good' : risk === 'medium' ? 'wait' : 'bad'}`}>{risk}</span>
        </dd>
      </div>
      <div>
        <dt>Point of no return</dt>
        <dd>{noReturn ? noReturn.title : 'none: everything can be taken back'}</dd>
      </div>
      <div>
        <dt>Prediction</dt>
        <dd>{prediction(approval)}</dd>
      </div>
      <div>
        <dt>Takes</dt>
        <dd className="number">at most {formatDuration(approval.estimatedDurationMs)}</dd>
      </div>
      <div>
        <dt>Approvals</dt>
        <dd>
          {granted.length} of {policy.required}
          {granted.length > 0 && `: ${granted.join(', ')}`}
          {policy.roles.length > 0 && `; by ${policy.roles.join(' or ')}`}
          {policy.selfApproval === false && '; not by who reported it'}
        </dd>
      </div>
      <div>
        <dt>Expires</dt>
        <dd>
          <Until at={detail.snapshot?.waitingFor?.until} then={ON_TIMEOUT[policy.onTimeout]} />
        </dd>
      </div>
      <div>
        <dt>Plan hash</dt>
        <dd>
          <code title={approval.planHash}>{shortHash(approval.planHash)}</code>
        </dd>
      </div>
    </dl>
  );
}

function Answer({ detail, approval, onDone }: Omit<ApprovalCardProps, 'plan'>) {
  const { api, me } = useSession();
  const refusal = useRefusal();
  const { busy, problem, run } = useChange();
  const [reason, setReason] = useState('');
  const id = useId();
  const given = reason.trim();
  const { policy, planHash, actionId, impact } = approval;
  const unsigned =
    policy.authenticated && me?.signsApprovals === false
      ? 'only signed answers count here, and this server has no key to sign with'
      : undefined;
  const answer = (verb: 'approve' | 'deny') => () =>
    void run(() =>
      api.send('POST', `${recoveryApiPath(detail.workflowId)}/${verb}`, {
        planHash,
        ...(given === '' ? {} : { reason: given }),
        ...(actionId === undefined ? {} : { actionId }),
        // What was shown is what is approved: refused when the target has changed since.
        ...(impact && verb === 'approve' ? { stateHash: impact.stateHash } : {}),
      }),
    ).then((ok) => ok && onDone());
  return (
    <div className="answer">
      <label htmlFor={id}>Reason</label>
      <textarea
        id={id}
        rows={2}
        maxLength={2000}
        value={reason}
        placeholder="Optional to approve; needed to deny"
        onChange={(event) => setReason(event.target.value)}
      />
      {problem && <ProblemCard problem={problem} />}
      <Actions
        busy={busy}
        acts={[
          {
            label: 'Approve',
            tone: 'primary',
            onClick: answer('approve'),
            refused: refusal('approveRecovery') ?? unsigned,
          },
          {
            label: 'Deny',
            tone: 'danger',
            onClick: answer('deny'),
            refused: refusal('denyRecovery') ?? unsigned ?? (given === '' ? 'needs a reason' : undefined),
          },
        ]}
      />
    </div>
  );
}

/** All that is needed to decide on an approval, and the two answers. */
export function ApprovalCard({ detail, plan, approval, onDone }: ApprovalCardProps) {
  const action = plan.actions.find(({ id }) => id === approval.actionId);
  return (
    <section className="card ask" aria-labelledby="approval">
      <h2 id="approval">
        <Icon name="key" />
        {action ? `Approve the action “${action.title}”?` : `Approve the plan “${plan.name}”?`}
      </h2>
      <p>{action ? describeAction(action) : plan.description}</p>
      {plan.brakes?.map(({ brake, message }) => (
        <p key={brake} className="brake">
          <Icon name="warning" /> {message}
        </p>
      ))}
      <Facts detail={detail} plan={plan} approval={approval} />
      {!action && (
        <ol className="what">
          {plan.actions.map((each) => (
            <li key={each.id}>
              <strong>{each.title}</strong> <span className="muted">{describeAction(each)}</span>
            </li>
          ))}
        </ol>
      )}
      <ImpactList impact={approval.impact} />
      <Answer detail={detail} approval={approval} onDone={onDone} />
    </section>
  );
}
