import type { Json } from '../domain/canonical-json.ts';
import type { CheckpointRecord } from '../domain/checkpoint.ts';
import { RerailError } from '../domain/errors.ts';
import type { Classification, Failure } from '../domain/failure.ts';
import type { Plan } from '../domain/plan.ts';
import type { LoadedPlaybook } from '../domain/playbook.ts';
import { buildPlan } from './build-plan.ts';
import { choosePlaybook } from './choose-playbook.ts';
import { classify } from './classify.ts';
import type { Sha256 } from './hash-plan.ts';

export interface MakePlanInput {
  failure: Failure;
  /** By name, instead of by choice. */
  playbook?: string;
  inputs?: Record<string, Json>;
  playbooks: readonly LoadedPlaybook[];
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

/** Classify, choose, build: the same for a running recovery and for a preview. */
export function makePlan(given: MakePlanInput): MadePlan {
  const input = { ...given, failure: { ...given.failure, host: given.failure.host ?? given.defaultHost } };
  const classification = classify(input.failure);
  const choice = input.playbook
    ? {
        playbook: findPlaybook(input.playbook, input.playbooks),
        reason: `playbook ${input.playbook} was asked for by name`,
        alternatives: [],
      }
    : choosePlaybook(input.failure, classification, input.playbooks);
  if (!choice) {
    throw new RerailError('plan-impossible', `no playbook matches a ${classification.category} failure`, {
      remedy: 'Add a playbook that matches this category, or start the recovery with --playbook.',
      nonRetryable: true,
    });
  }
  const { category, type, severity, rule } = classification;
  const plan = buildPlan({
    ...input,
    classification,
    playbook: choice.playbook,
    reasons: [`classified as ${category}, ${type}, ${severity}: ${rule}`, choice.reason],
    alternatives: choice.alternatives,
  });
  return { classification, plan };
}
