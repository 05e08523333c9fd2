import type { PlannedAction } from '../domain/action.ts';
import type { Failure } from '../domain/failure.ts';
import type { Plan } from '../domain/plan.ts';
import { MODES } from '../domain/playbook.schema.ts';
import { assessRisk } from './assess-risk.ts';
import type { RootCause } from './find-root-cause.ts';
import { hashPlan, type Sha256 } from './hash-plan.ts';
import { planAction } from './plan-action.ts';

/** Templates that read the output of one of these actions follow it to its new id. */
function renameOutputs<T>(value: T, rename: (id: string) => string): T {
  const visit = (item: unknown): unknown => {
    if (typeof item === 'string')
      return item.replace(/(\{\{\s*actions\.)([\w-]+)/g, (_all, head: string, id: string) => `${head}${rename(id)}`);
    if (Array.isArray(item)) return item.map(visit);
    if (typeof item !== 'object' || item === null) return item;
    return Object.fromEntries(Object.entries(item).map(([key, child]) => [key, visit(child)]));
  };
  return visit(value) as T;
}

/**
 * An action of the root's plan. What would end the recovery as resolved or given up becomes a step that only mends, or is left
 * out: the reported failure is still to be tried.
 */
function asStep(action: PlannedAction): PlannedAction | string {
  if (action.type !== 'retry') {
    const ends = ['resume', 'skip', 'escalate', 'abort'].includes(action.type);
    return ends ? `${action.type} would end the recovery before the failure that was reported is tried again` : action;
  }
  const [step, ...more] = action.steps;
  if (!step || more.length > 0) return 'the steps of the run come again with the failure that was reported';
  const { steps: _steps, breaker: _breaker, ...rest } = action;
  return { ...rest, type: 'run', title: action.title, operation: step.operation };
}

/** Of the reported failure's plan: one more try, and the call for help. */
function ownTail(own: Plan, failure: Failure): PlannedAction[] {
  const retry = own.actions.find(({ type }) => type === 'retry');
  const escalate = own.actions.filter(({ type }) => type === 'escalate');
  const context = { failure, checkpoints: [], approved: own.requiresApproval };
  const made = [
    ...(retry ? [] : [planAction({ id: 'retry', type: 'retry' }, 1, context)]),
    ...(escalate.length > 0 ? [] : [planAction({ id: 'escalate', type: 'escalate', to: ['oncall'] }, 1, context)]),
  ].flatMap((planned) => ('action' in planned ? [planned.action] : []));
  return [
    ...(retry ? [retry] : made.filter(({ type }) => type === 'retry')),
    ...escalate,
    ...made.filter(({ type }) => type === 'escalate'),
  ];
}

const stricter = (a: Plan['mode'], b: Plan['mode']): Plan['mode'] => (MODES.indexOf(a) <= MODES.indexOf(b) ? a : b);

/** The plan of a cascade: what mends the root, then the failure that was reported once more, with the probes of both. */
export function joinPlans(own: Plan, root: Plan, cause: RootCause, failure: Failure, sha256: Sha256): Plan {
  const { component } = cause;
  const reasons: string[] = [];
  const rename = (id: string): string => `${component.name}-${id}`;
  const mending = root.actions.flatMap((action) => {
    const step = asStep(action);
    if (typeof step !== 'string') return [{ ...renameOutputs(step, rename), id: rename(action.id) }];
    reasons.push(`action ${rename(action.id)} (${action.type}) is left out: ${step}`);
    return [];
  });
  const tail = ownTail(own, failure);
  const dropped = own.actions.filter(({ id }) => !tail.some((action) => action.id === id)).map(({ id }) => id);
  if (dropped.length > 0) reasons.push(`left out, since the root cause is treated instead: ${dropped.join(', ')}`);
  const actions = [...mending, ...tail].map((action, index) => ({ ...action, order: index + 1 }));
  const probes = [
    ...new Map([...own.verify.probes, ...root.verify.probes].map((probe) => [probe.name, probe])).values(),
  ];
  const { hash: _hash, ...base } = own;
  const degrades = [...new Set([...(own.degrades ?? []), ...(root.degrades ?? [])])];
  const plan: Omit<Plan, 'hash'> = {
    ...base,
    ...(degrades.length > 0 ? { degrades } : {}),
    mode: stricter(own.mode, root.mode),
    actions,
    risk: root.risk === 'high' ? 'high' : assessRisk(actions, own.errorCategory),
    verify: { ...own.verify, probes },
    requiresApproval: own.requiresApproval || root.requiresApproval,
    approval: own.approval ?? root.approval,
    estimatedDurationMs: actions.reduce((sum, { estimatedMs }) => sum + estimatedMs, 0),
    confidence: Math.min(own.confidence, root.confidence),
    reasons: [
      ...own.reasons,
      `the root cause is ${component.name}: ${cause.reason}`,
      ...root.reasons.map((reason) => `${component.name}: ${reason}`),
      ...reasons,
    ],
    rootCause: {
      component: component.name,
      ...(root.target === own.target ? {} : { target: root.target }),
      playbook: root.playbook.name,
      reason: cause.reason,
    },
  };
  return { ...plan, hash: hashPlan(plan, sha256) };
}
