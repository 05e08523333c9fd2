import { workflowInfo } from '@temporalio/workflow';

/** Playbooks that are tried after each other may have actions of the same id. */
export const strategyKey = ({ strategies }: { strategies: readonly unknown[] }, tail: string): string =>
  strategies.length === 0 ? tail : `strategy-${strategies.length + 1}/${tail}`;

/** Names one effect of this execution, the same in every attempt and after a continue-as-new. */
export function effectKey(tail: string): string {
  const { workflowId, firstExecutionRunId } = workflowInfo();
  return `${workflowId}/${firstExecutionRunId}/${tail}`;
}
