import { proxySinks, workflowInfo } from '@temporalio/workflow';
import { closedRecoveryOf, type RerailSinks } from '../domain/closed-recovery.ts';
import type { RecoveryReport } from '../domain/report.ts';

const { rerail } = proxySinks<RerailSinks>();

/** Adds no command to the history. A replay counts nothing, also on a worker that has no such sink. */
export function countClosed(report: RecoveryReport): void {
  if (workflowInfo().unsafe.isReplaying) return;
  rerail.recoveryClosed(closedRecoveryOf(report));
}
