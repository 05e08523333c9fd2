import type { TargetHealth } from '../../domain/monitor.ts';
import { callOnce, type CallDeps } from '../notify.ts';

export interface CallPeopleInput {
  /** The same again calls nobody. */
  key: string;
  to: string[];
  workflowId: string;
  runId: string;
  target: string;
  message: string;
  health: TargetHealth;
}

/** Tells people that a monitor has given a target up, once for each key. */
export function callPeople(input: CallPeopleInput, deps: CallDeps): Promise<{ to: string[]; evidenceFile: string }> {
  const { key, to, workflowId, runId, target, message } = input;
  return callOnce(
    {
      key,
      to,
      evidence: input,
      subject: `${target} needs a person: ${message}`,
      recovery: { workflowId, runId, target, key },
    },
    deps,
  );
}
