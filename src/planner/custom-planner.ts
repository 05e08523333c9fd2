import type { z } from 'zod';
import type { CheckpointRecord } from '../domain/checkpoint.ts';
import type { Classification, Failure } from '../domain/failure.ts';
import { PlaybookSchema } from '../domain/playbook.schema.ts';
import type { LoadedPlaybook, Playbook } from '../domain/playbook.ts';

/** What a playbook has under `spec`; without `match` it is for the planner's code. */
export type PlaybookSpec = Omit<z.input<typeof PlaybookSchema>['spec'], 'match'> &
  Partial<Pick<z.input<typeof PlaybookSchema>['spec'], 'match'>>;

export interface PlannerContext {
  classification: Classification;
  /** Of the failure's subject, newest first. */
  checkpoints: readonly CheckpointRecord[];
  /** Aborted when the planner's time is over. */
  signal: AbortSignal;
}

/**
 * Makes a playbook in code for failures with this code (requirement 4.8). It is asked after users' playbooks and before the
 * built-in ones, inside the planning activity; what it gives is checked as a playbook is, and recorded with the plan.
 */
export interface CustomPlanner {
  /** Lower case with dashes: what plans and reports call it. */
  name: string;
  /** The failure's code; takes `*`, such as `PAY-*`. */
  code: string;
  /** Undefined: this failure is not for it. */
  plan: (failure: Failure, context: PlannerContext) => PlaybookSpec | undefined | Promise<PlaybookSpec | undefined>;
}

/** The playbook that a planner gave, or what is wrong with it. */
export function toPlaybook(planner: CustomPlanner, spec: unknown): LoadedPlaybook | string {
  const document = {
    apiVersion: 'rerail/v1',
    kind: 'Playbook',
    metadata: { name: planner.name },
    spec: { match: [{ code: planner.code }], ...(spec as object) },
  };
  const parsed = PlaybookSchema.safeParse(document);
  if (!parsed.success)
    return parsed.error.issues.map((issue) => `${issue.path.map(String).join('.')}: ${issue.message}`).join('; ');
  const { match } = parsed.data.spec;
  return { name: planner.name, source: 'planner', file: 'code', match, document: document as unknown as Playbook };
}
