import type { ActionRecord } from './recovery.ts';
import type { RecoveryReport } from './report.ts';

/** What is counted of a recovery that has closed: words of bounded sets and times, no ids and no texts. */
export interface ClosedRecovery {
  status: RecoveryReport['status'];
  failureType: string;
  playbook: string;
  severity: string;
  /** Absent where it did not become well again. */
  ttrMs?: number;
  humanWaitMs: number;
  actions: ClosedAction[];
}

/** What workflows tell the worker they run on, outside of their histories: for counting only, and best effort. */
export type RerailSinks = {
  rerail: {
    recoveryClosed: (closed: ClosedRecovery) => void;
  };
};

export interface ClosedAction {
  type: ActionRecord['type'];
  outcome: ActionRecord['status'];
  attempts: number;
  durationMs: number;
}

const tried = ({ type, status, attempts, durationMs }: ActionRecord): ClosedAction[] =>
  attempts.length === 0 ? [] : [{ type, outcome: status, attempts: attempts.length, durationMs }];

export function closedRecoveryOf(report: RecoveryReport): ClosedRecovery {
  const { status, classification, plan, failure, durations, actions, failedStrategies = [] } = report;
  return {
    status,
    failureType: classification?.type ?? failure.type ?? 'unknown',
    playbook: plan?.playbook.name ?? 'none',
    severity: classification?.severity ?? failure.severity ?? 'unknown',
    ...(durations.ttrMs === undefined ? {} : { ttrMs: durations.ttrMs }),
    humanWaitMs: durations.humanWaitMs,
    actions: [...failedStrategies.flatMap((strategy) => strategy.actions), ...actions].flatMap(tried),
  };
}
