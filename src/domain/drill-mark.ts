export type { DrillMark } from './playbook-list.schema.ts';
import type { DrillMark } from './playbook-list.schema.ts';

/** What a playbook's newest drills say of it. `unknown`: nobody could be asked. */
export const DRILL_MARKS = ['passed', 'none', 'changed', 'unknown'] as const;

/** A drill that has passed with a playbook. */
export interface DrillProof {
  playbook: string;
  /** Of the playbook as it was then; absent of drills from before it was kept. */
  digest?: string;
  workflowId: string;
  /** ISO 8601. */
  at: string;
}

/**
 * Whether a playbook has a drill that passed with it as it is now, by the newest one. Without proofs, `undefined`, nobody knows.
 */
export function markPlaybook(name: string, digest: string, proofs: readonly DrillProof[] | undefined): DrillMark {
  if (proofs === undefined) return { state: 'unknown', at: null, workflowId: null };
  const newest = proofs.filter(({ playbook }) => playbook === name).sort((a, b) => b.at.localeCompare(a.at));
  const same = newest.find((proof) => proof.digest === digest);
  const [found] = same ? [same] : newest;
  if (!found) return { state: 'none', at: null, workflowId: null };
  return { state: same ? 'passed' : 'changed', at: found.at, workflowId: found.workflowId };
}
