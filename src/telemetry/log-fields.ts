/** `recovery/service/orders` is the recovery of service/orders; ids of other workflows name no target. */
const OF_RECOVERY = /^recovery\/(.+)$/;

/**
 * The fields of a line of Temporal's SDK under our names: `workflowId`, `runId`, `activityType`, `attempt`, `target`, and
 * `err` with the text of the error. The token of a task is left out: with it anybody could answer for the activity.
 */
export function logFields(meta: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  const { error, taskToken: _left, workflowRunId, ...fields } = meta;
  const { workflowId } = fields;
  const target = typeof workflowId === 'string' ? OF_RECOVERY.exec(workflowId)?.[1] : undefined;
  return {
    ...fields,
    ...(workflowRunId === undefined ? {} : { runId: workflowRunId }),
    ...(target === undefined ? {} : { target }),
    ...(error === undefined ? {} : { [error instanceof Error ? 'err' : 'error']: error }),
  };
}
