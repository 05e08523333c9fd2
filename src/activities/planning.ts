import { randomUUID } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { glob } from 'tinyglobby';
import { loadDefinitions, type Definitions } from '../config/load-playbooks.ts';
import type { BrakeReadings, BreakGlass } from '../domain/brakes.ts';
import type { Json } from '../domain/canonical-json.ts';
import type { CheckpointRecord } from '../domain/checkpoint.ts';
import { continuationOf, type Continuation, type Continues, type EarlierRecovery } from '../domain/continuation.ts';
import { RerailError } from '../domain/errors.ts';
import { ComponentSpecSchema } from '../domain/component.schema.ts';
import type { ComponentSpec, LoadedComponent } from '../domain/component.ts';
import { parseInput } from '../domain/parse-input.ts';
import { FailureSchema } from '../domain/failure.schema.ts';
import type { Failure } from '../domain/failure.ts';
import type { Plan } from '../domain/plan.ts';
import { actsByItself, applyBrakes, findBrakes, type BrakeLimits } from '../planner/apply-brakes.ts';
import { choosePlaybook } from '../planner/choose-playbook.ts';
import { classify } from '../planner/classify.ts';
import type { CustomPlanner } from '../planner/custom-planner.ts';
import { findComponent } from '../planner/find-root-cause.ts';
import { hashPlan } from '../planner/hash-plan.ts';
import { makePlan, type MadePlan } from '../planner/make-plan.ts';
import { nextStrategy, type NextStrategy, type NextStrategyInput } from '../planner/next-strategy.ts';
import { runPlanners, type PlannersResult } from './run-planners.ts';
import { sha256 } from '../process/digests.ts';

/** Keeps playbooks, components and rules in memory and reads users' folders again when a file in them has changed. */
export function createDefinitionSource(folders: readonly string[]): () => Promise<Definitions> {
  let loaded: Promise<Definitions> | undefined;
  let signature = '';
  const sign = async (): Promise<string> => {
    const files = (await Promise.all(folders.map((cwd) => glob('**/*.{yaml,yml}', { cwd, absolute: true }))))
      .flat()
      .sort();
    const stats = await Promise.all(files.map((file) => stat(file)));
    return stats.map(({ mtimeMs, size, ino }, index) => `${files[index]} ${mtimeMs} ${size} ${ino}`).join('\n');
  };
  return async () => {
    const now = folders.length === 0 ? 'built-in' : await sign();
    if (loaded && now === signature) return loaded;
    signature = now;
    loaded = loadDefinitions(folders);
    loaded.catch(() => (loaded = undefined));
    return loaded;
  };
}

/** What brakes go by; the composition root hands it in. */
export interface Brakes {
  read: (plan: Plan, runId: string) => Promise<BrakeReadings>;
  /** Who has switched automation off. */
  killSwitch?: () => Promise<BreakGlass | undefined>;
  limits: BrakeLimits;
}

export interface PlanningDeps {
  definitions: () => Promise<Definitions>;
  /** Playbooks made in code, by error code. */
  planners?: readonly CustomPlanner[];
  /** Newest first; empty for a subject without a ledger. */
  listCheckpoints: (subject: string) => Promise<CheckpointRecord[]>;
  defaultHost: string;
  /** Absent in a preview: it is about what would be done, not about now. */
  brakes?: Brakes;
}

export interface MakePlanRequest {
  failure: Failure;
  playbook?: string;
  inputs?: Record<string, Json>;
  breakGlass?: BreakGlass;
  /** Known to this recovery alone; they come before the others. */
  ownComponents?: Record<string, ComponentSpec>;
  /** Of the recovery that asks. */
  runId?: string;
}

/** Planners are asked only where no playbook was named and none of the user's own fits. */
async function askPlanners(
  request: MakePlanRequest,
  deps: PlanningDeps,
  { playbooks, components, rules }: Definitions,
  checkpoints: readonly CheckpointRecord[],
): Promise<PlannersResult> {
  const { failure } = request;
  const none = { playbooks: [], notes: [] };
  if (!deps.planners?.length || request.playbook !== undefined) return none;
  const classification = classify(failure, rules);
  const users = playbooks.filter(({ source }) => source === 'user');
  if (choosePlaybook(failure, classification, users, findComponent(failure, components))) return none;
  return runPlanners(deps.planners, failure, { classification, checkpoints });
}

/** Their templates are resolved by now, so they are checked in full. */
const componentsOf = ({ ownComponents = {} }: MakePlanRequest): LoadedComponent[] =>
  Object.entries(ownComponents).map(([name, spec]) => ({
    name,
    file: 'of the recovery itself',
    spec: parseInput(ComponentSpecSchema, spec, `component ${name}`),
  }));

async function gather(request: MakePlanRequest, deps: PlanningDeps) {
  const failure = FailureSchema.parse(request.failure);
  const [loaded, checkpoints] = await Promise.all([
    deps.definitions(),
    failure.subject ? deps.listCheckpoints(failure.subject) : [],
  ]);
  const definitions = { ...loaded, components: [...componentsOf(request), ...loaded.components] };
  const made = await askPlanners({ ...request, failure }, deps, definitions, checkpoints);
  const { inputs } = request;
  return {
    ...definitions,
    failure,
    playbooks: [...definitions.playbooks, ...made.playbooks],
    notes: made.notes,
    checkpoints,
    defaultHost: deps.defaultHost,
    id: `plan_${randomUUID()}`,
    now: new Date().toISOString(),
    sha256,
    ...(inputs ? { inputs } : {}),
  };
}

export async function planRecovery(request: MakePlanRequest, deps: PlanningDeps): Promise<MadePlan> {
  const gathered = await gather(request, deps);
  const made = makePlan({ ...gathered, ...(request.playbook ? { playbook: request.playbook } : {}) });
  return { ...made, plan: await brake(made.plan, request, deps) };
}

/** Withdraws automatic mode from a plan where a brake says so. */
async function brake(plan: Plan, { breakGlass, runId }: MakePlanRequest, { brakes }: PlanningDeps): Promise<Plan> {
  if (!brakes || !actsByItself(plan)) return plan;
  const [readings, killSwitch] = await Promise.all([brakes.read(plan, runId ?? ''), brakes.killSwitch?.()]);
  const found = findBrakes(plan, { ...readings, ...(killSwitch ? { killSwitch } : {}) }, brakes.limits);
  return applyBrakes(plan, found, breakGlass, sha256);
}

export interface PlanContinuationRequest extends MakePlanRequest {
  workflowId: string;
  continues: Continues;
}

/** What goes on, of which earlier recovery, read from that one's own history: nobody can hand in a receipt or approval. */
export async function planContinuation(
  { workflowId, continues, ...request }: PlanContinuationRequest,
  deps: PlanningDeps & { engine: { readEarlier: (workflowId: string, runId: string) => Promise<EarlierRecovery> } },
): Promise<MadePlan & { continuation: Continuation }> {
  const earlier = await deps.engine.readEarlier(workflowId, continues.runId);
  const { hash, ...content } = earlier.plan;
  if (hashPlan(content, sha256) !== hash) {
    throw new RerailError('plan-hash-mismatch', `the plan of ${workflowId} is not what its hash says`, {
      remedy: 'Start a new recovery.',
      nonRetryable: true,
    });
  }
  const gathered = await gather({ ...request, failure: earlier.failure }, deps);
  const classification = classify(gathered.failure, gathered.rules);
  const made = continues.plan === 'same' ? { classification, plan: earlier.plan } : makePlan(gathered);
  return { ...made, continuation: continuationOf(earlier, made.plan, continues.from) };
}

export interface NextStrategyRequest extends MakePlanRequest {
  tried: NextStrategyInput['tried'];
}

/** What to try after plans that did not help; made of the failure as it is now. */
export async function planNextStrategy(request: NextStrategyRequest, deps: PlanningDeps): Promise<NextStrategy> {
  const next = nextStrategy({ ...(await gather(request, deps)), tried: request.tried });
  if (!next.made) return next;
  const plan = await brake(next.made.plan, request, deps);
  return { ...next, made: { ...next.made, plan } };
}
