import type { z } from 'zod';
import type { Json } from '../domain/canonical-json.ts';
import type { ActionSpec, PlannedAction } from '../domain/action.ts';
import type { CheckpointRecord } from '../domain/checkpoint.ts';
import { RerailError } from '../domain/errors.ts';
import { ComponentSpecSchema } from '../domain/component.schema.ts';
import type { LoadedComponent } from '../domain/component.ts';
import type { Classification, Failure } from '../domain/failure.ts';
import type { Plan } from '../domain/plan.ts';
import { PlaybookSchema } from '../domain/playbook.schema.ts';
import type { LoadedPlaybook, Playbook } from '../domain/playbook.ts';
import { resolveTemplates } from '../domain/template.ts';
import { assessRisk } from './assess-risk.ts';
import { hashPlan, type Sha256 } from './hash-plan.ts';
import { playbookDigest } from './playbook-digest.ts';
import { placeProbe } from './place-operation.ts';
import { planAction, type PlanContext } from './plan-action.ts';
import { resolveProcedures } from './resolve-procedures.ts';

export interface BuildPlanInput {
  failure: Failure;
  classification: Classification;
  playbook: LoadedPlaybook;
  /** What fails, where it is known: its procedures and probes are used. */
  component?: LoadedComponent | undefined;
  inputs?: Record<string, Json>;
  /** Newest first. */
  checkpoints: readonly CheckpointRecord[];
  reasons: readonly string[];
  alternatives: Plan['alternatives'];
  /** Where the playbook says nothing of it. */
  failover?: 'off';
  id: string;
  now: string;
  sha256: Sha256;
}

function refuse(what: string, problems: readonly string[]): never {
  throw new RerailError('plan-impossible', `${what} does not fit this failure: ${problems.join('; ')}`, {
    remedy: 'Give the value in the failure (a label, a field) or with --input, or choose another playbook.',
    nonRetryable: true,
  });
}

/** A document with `failure` and `inputs` filled in, checked once more now that every value is known. */
function resolveDocument<Schema extends z.ZodType>(
  schema: Schema,
  document: unknown,
  what: string,
  input: BuildPlanInput,
): z.output<Schema> {
  const missing: string[] = [];
  const scope = { failure: input.failure, inputs: input.inputs ?? {} };
  const resolved = schema.safeParse(resolveTemplates(document, scope, missing));
  if (resolved.success && missing.length === 0) return resolved.data;
  // A value that is missing is no valid value either, which would only be said twice.
  const issues =
    resolved.success || missing.length > 0
      ? []
      : resolved.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  return refuse(what, [...missing.map((path) => `{{ ${path} }} leads nowhere`), ...issues]);
}

/** The component with its templates filled in; only those procedures that the playbook asks for have to fit. */
function resolveComponent(input: BuildPlanInput, spec: Playbook['spec']): LoadedComponent | undefined {
  const { component } = input;
  if (!component) return undefined;
  const asked = new Set(
    spec.actions.flatMap((action) => [
      ...(action.type === 'run' ? [action.run.procedure] : action.type === 'retry' ? [action.procedure] : []),
      action.compensate?.procedure,
    ]),
  );
  const procedures = Object.fromEntries(Object.entries(component.spec.procedures).filter(([name]) => asked.has(name)));
  const what = `component ${component.name}`;
  return { ...component, spec: resolveDocument(ComponentSpecSchema, { ...component.spec, procedures }, what, input) };
}

/** A fallback that nothing before it could make needless would always run; a try after one that is left out tells nothing new. */
function isFallbackOfUse({ spec, action }: PlannedSpec, before: readonly PlannedSpec[]): boolean {
  if (action.type === 'retry') return before.some((other) => other.spec.lastResort);
  return spec.lastResort !== true || before.some((other) => RESOLVING.includes(other.action.type));
}

/** What stands before a fallback is not required, so that the fallback gets its turn. */
function arrangeFallbacks(planned: readonly PlannedSpec[], reasons: string[]): PlannedAction[] {
  const kept: PlannedSpec[] = [];
  for (const item of planned) {
    if (!item.spec.lastResort || isFallbackOfUse(item, kept)) kept.push(item);
    else reasons.push(`action ${item.spec.id} (${item.spec.type}) is left out: nothing before it makes it of use`);
  }
  return kept.map(({ action }, index) => ({
    ...action,
    order: index + 1,
    required: action.required && !kept.slice(index + 1).some(({ spec }) => spec.lastResort),
  }));
}

interface PlannedSpec {
  spec: ActionSpec;
  action: PlannedAction;
}

const RESOLVING: readonly PlannedAction['type'][] = ['retry', 'resume', 'skip'];

function planActions(
  specs: readonly ActionSpec[],
  component: LoadedComponent | undefined,
  context: PlanContext,
  reasons: string[],
): PlannedAction[] {
  const planned: PlannedSpec[] = [];
  const procedures: string[] = [];
  for (const given of specs) {
    const resolved = resolveProcedures(given, component, context.failure);
    const made = 'dropped' in resolved ? resolved : planAction(resolved.spec, planned.length + 1, context);
    if (!('dropped' in resolved) && resolved.note) reasons.push(resolved.note);
    if ('action' in made) planned.push({ spec: given, action: made.action });
    else if ('undefinedProcedure' in made) procedures.push(given.id);
    else reasons.push(`action ${given.id} (${given.type}) is left out: ${made.dropped}`);
  }
  if (procedures.length > 0) {
    const who = component
      ? `component ${component.name} defines no procedure`
      : 'no component is known that defines procedures';
    reasons.push(`left out, for ${who} for them: ${procedures.join(', ')}`);
  }
  return arrangeFallbacks(planned, reasons);
}

/**
 * Makes the plan for one failure (requirements 4.1 to 4.4). Pure: equal input gives an equal plan with an equal hash.
 * Actions that cannot apply are left out and the plan says why. Throws `plan-impossible`.
 */
export function buildPlan(input: BuildPlanInput): Plan {
  const { failure, classification, playbook } = input;
  const { spec } = resolveDocument(PlaybookSchema, playbook.document, `playbook ${playbook.name}`, input);
  const component = resolveComponent(input, spec);
  const asked = spec.approval !== undefined || spec.mode === 'propose';
  const context: PlanContext = { failure, checkpoints: input.checkpoints, approved: asked };
  const reasons = [...input.reasons];
  const actions = planActions(spec.actions, component, context, reasons);
  if (actions.length === 0) {
    const fallback = planAction({ id: 'escalate', type: 'escalate', to: ['oncall'] }, 1, context);
    if ('action' in fallback) actions.push(fallback.action);
    reasons.push('no action of the playbook applies, so a person is called');
  }
  const probes = [...spec.verify.probes, ...(component?.spec.probes ?? []), ...failure.probes].map((probe) =>
    placeProbe(probe, failure),
  );
  const unique = [...new Map(probes.map((probe) => [probe.name, probe])).values()];
  const risk = assessRisk(actions, classification.category);
  const mode = typeof spec.mode === 'string' ? spec.mode : spec.mode[risk];
  const requiresApproval = asked || mode === 'propose';
  const failover = spec.failover ?? input.failover;
  const plan: Omit<Plan, 'hash'> = {
    schemaVersion: 1,
    id: input.id,
    name: `${playbook.name} for ${failure.target}`,
    description: playbook.description ?? '',
    target: failure.target,
    playbook: { name: playbook.name, source: playbook.source, digest: playbookDigest(playbook, input.sha256) },
    errorCode: failure.code,
    errorCategory: classification.category,
    failureType: classification.type,
    severity: classification.severity,
    lane: failure.lane,
    mode,
    risk,
    actions,
    verify: { ...spec.verify, probes: unique },
    requiresApproval,
    approval: requiresApproval
      ? (spec.approval ?? { roles: [], required: 1, timeout: '30m', onTimeout: 'escalate' })
      : undefined,
    limits: spec.limits,
    ...(failover === undefined ? {} : { failover }),
    objectives: spec.objectives,
    ...(component?.spec.degradedWhileRecovering ? { degrades: [component.name] } : {}),
    estimatedDurationMs: actions.reduce((sum, action) => sum + action.estimatedMs, 0),
    confidence: spec.confidence,
    reasons,
    alternatives: input.alternatives,
    createdAt: input.now,
  };
  return { ...plan, hash: hashPlan(plan, input.sha256) };
}
