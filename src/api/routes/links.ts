export const recoveryPath = (workflowId: string): string => `/api/v1/recoveries/${encodeURIComponent(workflowId)}`;

/** Where to go on with a recovery. */
export function recoveryLinks(workflowId: string): Record<string, string> {
  const self = recoveryPath(workflowId);
  const verbs = ['events', 'report', 'receipt', 'approve', 'deny', 'decide', 'pause', 'resume', 'cancel', 'kill'];
  return { self, ...Object.fromEntries(verbs.map((verb) => [verb, `${self}/${verb}`])) };
}
