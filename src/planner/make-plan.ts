import type { Json } from '../domain/canonical-json.ts';
import type { CheckpointRecord } from '../domain/checkpoint.ts';
import type { ClassificationRule } from '../domain/classification-rule.ts';
import type { LoadedComponent } from '../domain/component.ts';
import { RerailError } from '../domain/errors.ts';
import type { Classification, Failure } from '../domain/failure.ts';
import type { Plan } from '../domain/plan.ts';
import type { LoadedPlaybook } from '../domain/playbook.ts';
import { buildPlan } from './build-plan.ts';
import { choosePlaybook, type Choice } from './choose-playbook.ts';
import { classify } from './classify.ts';
import { findComponent, findRootCause, type RootCause } from './find-root-cause.ts';
import { fingerprint } from './fingerprint.ts';
import type { Sha256 } from './hash-plan.ts';
import { joinPlans } from './join-plans.ts';
import { rootFailureOf } from './root-failure.ts';

export interface MakePlanInput {
  failure: Failure;
  /** By name, instead of by choice. */
  playbook?: string;
  inputs?: Record<string, Json>;
  playbooks: readonly LoadedPlaybook[];
  /** What the failing parts need and what can be done about them. */
  components?: readonly LoadedComponent[];
  /** Users' own rules, asked before the built-in ones. */
  rules?: readonly ClassificationRule[];
  /** Further reasons for the plan, such as a custom planner that failed. */
  notes?: readonly string[];
  checkpoints: readonly CheckpointRecord[];
  /** Where commands run when the failure names no host. */
  defaultHost: string;
  id: string;
  now: string;
  sha256: Sha256;
}

export interface MadePlan {
  classification: Classification;
  plan: Plan;
}

export function findPlaybook(name: string, playbooks: readonly LoadedPlaybook[]): LoadedPlaybook {
  const found = playbooks.find((playbook) => playbook.name === name);
  if (found) return found;
  const known = playbooks.map((playbook) => playbook.name).sort();
  throw new RerailError('unknown-playbook', `there is no playbook "${name}"`, {
    remedy: `Use one of: ${known.join(', ')}.`,
    nonRetryable: true,
  });
}

const describe = ({ category, type, severity, rule }: Classification): string =>
  `classified as ${category}, ${type}, ${severity}: ${rule}`;

function choose(
  input: MakePlanInput,
  failure: Failure,
  classification: Classification,
  component: LoadedComponent | undefined,
  named: string | undefined,
): Choice {
  if (named !== undefined) {
    const playbook = findPlaybook(named, input.playbooks);
    return { playbook, reason: `playbook ${named} was asked for by name`, alternatives: [] };
  }
  const choice = choosePlaybook(failure, classification, input.playbooks, component);
  if (choice) return choice;
  throw new RerailError('plan-impossible', `no playbook matches a ${classification.category} failure`, {
    remedy: 'Add a playbook that matches this category, or start the recovery with --playbook.',
    nonRetryable: true,
  });
}

/** What is done about the root of a cascade, before the failure that was reported. */
function planRoot(input: MakePlanInput, root: RootCause): Plan {
  const failure = rootFailureOf(input.failure, root);
  const classification = classify(failure, input.rules);
  const choice = choose(input, failure, classification, root.component, undefined);
  return buildPlan({
    ...input,
    failure,
    classification,
    component: root.component,
    playbook: choice.playbook,
    reasons: [describe(classification), choice.reason],
    alternatives: choice.alternatives,
  });
}

/**
 * Classify, find the root cause, choose, build: the same for a running recovery and for a preview. Throws `plan-impossible` and
 * `unknown-playbook`.
 */
export function makePlan(given: MakePlanInput): MadePlan {
  const input = { ...given, failure: { ...given.failure, host: given.failure.host ?? given.defaultHost } };
  const { failure, sha256, components = [] } = input;
  const classification = { ...classify(failure, input.rules), fingerprint: fingerprint(failure, sha256) };
  const component = findComponent(failure, components);
  const choice = choose(input, failure, classification, component, input.playbook);
  const plan = buildPlan({
    ...input,
    classification,
    component,
    playbook: choice.playbook,
    reasons: [describe(classification), ...(input.notes ?? []), choice.reason],
    alternatives: choice.alternatives,
    // Who asks for one playbook wants that one.
    ...(input.playbook ? { failover: 'off' as const } : {}),
  });
  const root = findRootCause(failure, components);
  // A playbook that was asked for by name is carried out as it is.
  if (!root || input.playbook !== undefined) return { classification, plan };
  return { classification, plan: joinPlans(plan, planRoot(input, root), root, failure, sha256) };
}
