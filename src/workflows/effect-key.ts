import { workflowInfo } from '@temporalio/workflow';

/** Names one effect of this execution, the same in every attempt and after a continue-as-new. */
export function effectKey(tail: string): string {
  const { workflowId, firstExecutionRunId } = workflowInfo();
  return `${workflowId}/${firstExecutionRunId}/${tail}`;
}
