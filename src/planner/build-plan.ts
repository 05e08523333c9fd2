import type { Json } from '../domain/canonical-json.ts';
import type { PlannedAction } from '../domain/action.ts';
import type { CheckpointRecord } from '../domain/checkpoint.ts';
import { RerailError } from '../domain/errors.ts';
import type { Classification, Failure } from '../domain/failure.ts';
import type { Plan } from '../domain/plan.ts';
import { PlaybookSchema } from '../domain/playbook.schema.ts';
import type { LoadedPlaybook } from '../domain/playbook.ts';
import { resolveTemplates } from '../domain/template.ts';
import { assessRisk } from './assess-risk.ts';
import { hashPlan, type Sha256 } from './hash-plan.ts';
import { placeProbe, planAction, type PlanContext } from './plan-action.ts';

export interface BuildPlanInput {
  failure: Failure;
  classification: Classification;
  playbook: LoadedPlaybook;
  inputs?: Record<string, Json>;
  /** Newest first. */
  checkpoints: readonly CheckpointRecord[];
  reasons: readonly string[];
  alternatives: Plan['alternatives'];
  id: string;
  now: string;
  sha256: Sha256;
}

/** The playbook with `failure` and `inputs` filled in, checked once more now that every value is known. */
function resolvePlaybook(input: BuildPlanInput) {
  const missing: string[] = [];
  const scope = { failure: input.failure, inputs: input.inputs ?? {} };
  const resolved = PlaybookSchema.safeParse(resolveTemplates(input.playbook.document, scope, missing));
  if (resolved.success && missing.length === 0) return resolved.data.spec;
  // A value that is missing is no valid value either, which would only be said twice.
  const issues =
    resolved.success || missing.length > 0
      ? []
      : resolved.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  const why = [...missing.map((path) => `{{ ${path} }} leads nowhere`), ...issues].join('; ');
  throw new RerailError('plan-impossible', `playbook ${input.playbook.name} does not fit this failure: ${why}`, {
    remedy: 'Give the value in the failure (a label, a field) or with --input, or choose another playbook.',
    nonRetryable: true,
  });
}

/**
 * Makes the plan for one failure (requirements 4.1 to 4.4). Pure: equal input gives an equal plan with an equal hash.
 * Actions that cannot apply are left out and the plan says why. Throws `plan-impossible`.
 */
export function buildPlan(input: BuildPlanInput): Plan {
  const { failure, classification, playbook } = input;
  const spec = resolvePlaybook(input);
  const requiresApproval = spec.approval !== undefined || spec.mode === 'propose';
  const context: PlanContext = { failure, checkpoints: input.checkpoints, approved: requiresApproval };
  const reasons = [...input.reasons];
  const actions: PlannedAction[] = [];
  for (const actionSpec of spec.actions) {
    const planned = planAction(actionSpec, actions.length + 1, context);
    if ('action' in planned) actions.push(planned.action);
    else reasons.push(`action ${actionSpec.id} (${actionSpec.type}) is left out: ${planned.dropped}`);
  }
  if (actions.length === 0) {
    const fallback = planAction({ id: 'escalate', type: 'escalate', to: ['oncall'] }, 1, context);
    if ('action' in fallback) actions.push(fallback.action);
    reasons.push('no action of the playbook applies, so a person is called');
  }
  const probes = [...spec.verify.probes, ...failure.probes].map((probe) => placeProbe(probe, failure));
  const unique = [...new Map(probes.map((probe) => [probe.name, probe])).values()];
  const plan: Omit<Plan, 'hash'> = {
    schemaVersion: 1,
    id: input.id,
    name: `${playbook.name} for ${failure.target}`,
    description: playbook.description ?? '',
    target: failure.target,
    playbook: { name: playbook.name, source: playbook.source },
    errorCode: failure.code,
    errorCategory: classification.category,
    failureType: classification.type,
    severity: classification.severity,
    lane: failure.lane,
    mode: spec.mode,
    risk: assessRisk(actions, classification.category),
    actions,
    verify: { ...spec.verify, probes: unique },
    requiresApproval,
    approval: requiresApproval
      ? (spec.approval ?? { roles: [], required: 1, timeout: '30m', onTimeout: 'escalate' })
      : undefined,
    limits: spec.limits,
    objectives: spec.objectives,
    estimatedDurationMs: actions.reduce((sum, action) => sum + action.estimatedMs, 0),
    confidence: spec.confidence,
    reasons,
    alternatives: input.alternatives,
    createdAt: input.now,
  };
  return { ...plan, hash: hashPlan(plan, input.sha256) };
}
