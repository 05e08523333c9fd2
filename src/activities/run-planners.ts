import type { CheckpointRecord } from '../domain/checkpoint.ts';
import { messageOf } from '../domain/errors.ts';
import type { Classification, Failure } from '../domain/failure.ts';
import type { LoadedPlaybook } from '../domain/playbook.ts';
import { fitsWildcard } from '../domain/wildcard.ts';
import { toPlaybook, type CustomPlanner } from '../planner/custom-planner.ts';

/** What a planner may take; it plans, it does not mend. */
export const PLANNER_LIMIT_MS = 5_000;

export interface PlannersResult {
  playbooks: LoadedPlaybook[];
  /** Why a planner's answer could not be used. */
  notes: string[];
}

async function withinLimit<T>(limitMs: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      controller.abort();
      reject(new Error(`it did not answer within ${limitMs} ms`));
    }, limitMs);
  });
  try {
    return await Promise.race([work(controller.signal), late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Asks the planners whose code fits, in their order, until one gives a playbook. An error in one, or an answer that is no
 * playbook, is a note in the plan's reasons, and the next candidate is used.
 */
export async function runPlanners(
  planners: readonly CustomPlanner[],
  failure: Failure,
  given: { classification: Classification; checkpoints: readonly CheckpointRecord[]; limitMs?: number },
): Promise<PlannersResult> {
  const { classification, checkpoints, limitMs = PLANNER_LIMIT_MS } = given;
  const notes: string[] = [];
  for (const planner of planners.filter(({ code }) => fitsWildcard(code, failure.code))) {
    try {
      const spec = await withinLimit(limitMs, async (signal) =>
        planner.plan(structuredClone(failure), { classification, checkpoints, signal }),
      );
      if (spec === undefined) {
        notes.push(`custom planner ${planner.name} has no plan for this failure`);
        continue;
      }
      const playbook = toPlaybook(planner, spec);
      if (typeof playbook !== 'string') return { playbooks: [playbook], notes };
      notes.push(`custom planner ${planner.name} gave no valid playbook, so the next one is used: ${playbook}`);
    } catch (error) {
      notes.push(`custom planner ${planner.name} failed, so the next one is used: ${messageOf(error)}`);
    }
  }
  return { playbooks: [], notes };
}
