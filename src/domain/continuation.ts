import { canonicalJson } from './canonical-json.ts';
import type { PlannedAction } from './action.ts';
import type { ApprovalRecord } from './approval.ts';
import { RerailError } from './errors.ts';
import type { Failure } from './failure.ts';
import type { Plan } from './plan.ts';
import type { ActionRecord } from './recovery.ts';

/** An earlier recovery of the same target, as its history tells it. */
export interface EarlierRecovery {
  workflowId: string;
  runId: string;
  failure: Failure;
  plan: Plan;
  actions: ActionRecord[];
  approvals: ApprovalRecord[];
}

/** Which recovery goes on, and from where. */
export interface Continues {
  runId: string;
  /** An action's id; `failed` for the first that was not done. */
  from: string;
  /** `same`: the plan that was made then. `latest`: made anew from the playbooks of now. */
  plan: 'same' | 'latest';
  by: string;
  reason: string;
}

/** What of an earlier recovery holds for this one. */
export interface Continuation {
  /** Records of what need not be done again, with what they put out. */
  receipts: ActionRecord[];
  /** Actions before the one to begin at that stay left out, each with the reason. */
  leftOut: { id: string; reason: string }[];
  /** What will be done, some of it again. */
  again: { id: string; title: string; doneBefore: boolean }[];
  approvals: ApprovalRecord[];
}

/** What an action does to what: equal text, equal effect. Its name, place and texts are not part of it. */
function inputsOf(action: PlannedAction): string {
  const { id: _id, title: _title, description: _description, order: _order, estimatedMs: _estimated, ...rest } = action;
  return canonicalJson(rest);
}

const DONE: readonly ActionRecord['status'][] = ['succeeded'];
/** What nothing is left to do about: also what the resolution made needless. */
const SETTLED: readonly ActionRecord['status'][] = [...DONE, 'not_needed'];

/** Where a continuation begins by itself: the first action that was not done. Undefined: nothing is left to do. */
export function firstUndone({ actions }: Pick<Plan, 'actions'>, records: readonly ActionRecord[]): string | undefined {
  const settled = new Set(records.flatMap(({ id, status }) => (SETTLED.includes(status) ? [id] : [])));
  return actions.find(({ id }) => !settled.has(id))?.id;
}

function beginningOf(plan: Plan, records: readonly ActionRecord[], from: string): number {
  const wanted = from === 'failed' ? firstUndone(plan, records) : from;
  const index = plan.actions.findIndex(({ id }) => id === wanted);
  if (index >= 0) return index;
  const why = from === 'failed' ? 'every action of it was done' : `its plan has no action "${from}"`;
  throw new RerailError('action-not-applicable', `this recovery cannot be continued there: ${why}`, {
    remedy: `Name one of ${plan.actions.map(({ id }) => id).join(', ')}, or start a new recovery.`,
    nonRetryable: true,
  });
}

/**
 * What a resume or fork takes along: the receipt of each earlier action whose inputs are the same, and the approvals that
 * were given to this very plan. What was undone since is done again. Throws `action-not-applicable`.
 */
export function continuationOf(
  earlier: Pick<EarlierRecovery, 'runId' | 'plan' | 'actions' | 'approvals'>,
  plan: Plan,
  from: string,
): Continuation {
  const records = new Map(earlier.actions.map((record) => [record.id, record]));
  const inputs = new Map(earlier.plan.actions.map((action) => [action.id, inputsOf(action)]));
  const start = beginningOf(plan, earlier.actions, from);
  const result: Continuation = { receipts: [], leftOut: [], again: [], approvals: [] };
  plan.actions.forEach((action, index) => {
    const record = records.get(action.id);
    const doneBefore = record !== undefined && record.attempts.length > 0;
    if (index >= start || record?.status === 'compensated' || record?.status === 'compensation_failed') {
      result.again.push({ id: action.id, title: action.title, doneBefore });
    } else if (record && DONE.includes(record.status) && inputs.get(action.id) === inputsOf(action)) {
      result.receipts.push(record);
    } else if (record && DONE.includes(record.status)) {
      result.again.push({ id: action.id, title: action.title, doneBefore });
    } else {
      const reason = `it was ${record?.status ?? 'unknown'} then and comes before ${from}`;
      result.leftOut.push({ id: action.id, reason });
    }
  });
  if (plan.hash === earlier.plan.hash) {
    result.approvals = earlier.approvals
      .filter(({ verdict, via, planHash, voidedBy }) => {
        return verdict === 'approved' && via !== 'timer' && planHash === plan.hash && voidedBy === undefined;
      })
      .map((record) => ({ ...record, carriedFrom: record.carriedFrom ?? earlier.runId }));
  }
  return result;
}
