/** Names that live in Temporal's histories and in users' scripts. They are never renamed. */
export const WORKFLOW_TYPES = {
  recovery: 'recovery',
  protectedRun: 'protectedRun',
  checkpointLedger: 'checkpointLedger',
  storeCare: 'storeCare',
} as const;

export const SHARED_TASK_QUEUE = 'rerail';

export const recoveryId = (target: string): string => `recovery/${target}`;
export const runId = (name: string, key: string): string => `run/${name}/${key}`;
export const ledgerId = (subject: string): string => `ledger/${subject}`;
export const storeCareId = (host: string): string => `store-care/${host}`;
export const hostTaskQueue = (host: string): string => `rerail-host-${host}`;

/** Built-in activities that a playbook's `run` may name and that work on a workspace of the failure's host. */
export const HOST_ACTIVITIES = ['inspectResources', 'cleanCaches', 'readGitStatus'] as const;
