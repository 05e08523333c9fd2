/** Names that live in Temporal's histories and in users' scripts. They are never renamed. */
export const WORKFLOW_TYPES = {
  recovery: 'recovery',
  protectedRun: 'protectedRun',
  checkpointLedger: 'checkpointLedger',
  storeCare: 'storeCare',
  circuitBreaker: 'circuitBreaker',
  transaction: 'transaction',
  bulkRecovery: 'bulkRecovery',
  notification: 'notification',
  notifier: 'notifier',
  drill: 'drill',
  drillSuite: 'drillSuite',
  healthMonitor: 'healthMonitor',
  serviceState: 'serviceState',
  hostRecord: 'hostRecord',
} as const;

/**
 * What executions are started with, so that they keep their behaviour under later code without a marker in each history.
 * 2: figures in the memo, predictions for approvers, an undo waits until cancelled work has ended.
 * 3: the engine's own steps are regular activities.
 */
export const EXECUTION_VERSION = 3;

export const SHARED_TASK_QUEUE = 'rerail';

/** Where the dashboard shows a recovery. */
export const recoveryPage = (publicUrl: string, workflowId: string): string =>
  `${publicUrl.replace(/\/$/, '')}/recoveries/${encodeURIComponent(workflowId)}`;

export const recoveryId = (target: string): string => `recovery/${target}`;
export const runId = (name: string, key: string): string => `run/${name}/${key}`;
export const ledgerId = (subject: string): string => `ledger/${subject}`;
export const storeCareId = (host: string): string => `store-care/${host}`;
/** Forced open, it keeps automatic plans waiting for a person. */
export const AUTOMATION_BREAKER = 'automation';

export const breakerId = (name: string): string => `breaker/${name}`;
/** Of what is known of a host; the target of its recovery is spelt the same and is another execution. */
export const hostRecordId = (host: string): string => `host-record/${host}`;
export const serviceStateId = (name: string): string => `service-state/${name}`;
export const monitorId = (name: string): string => `monitor/${name}`;
export const transactionId = (key: string): string => `transaction/${key}`;
/** `time` keeps the runs of a drill apart, and their recoveries: brakes count by target. */
export const drillId = (name: string, time: string): string => `drill/${name}/${time}`;
/** Of a moment, as it stands in the ids of drills. */
export const timeInId = (time: Date): string =>
  time.toISOString().replaceAll(/[:.]/g, '-').toLowerCase().replace(/z$/, '');
/** Of a host's schedule; each run has the time behind it. */
export const drillSuiteId = (host: string): string => `drill-suite/${host}`;
export const bulkId = (name: string): string => `bulk/${name}`;
/** The one that watches the recoveries of a task queue. */
export const notifierId = (taskQueue: string): string => `notifier/${taskQueue}`;
export const notificationId = (event: string, channel: string, key: string): string =>
  `notification/${event}/${channel}/${key}`;
export const hostTaskQueue = (host: string): string => `rerail-host-${host}`;

/** Built-in activities that a playbook's `run` may name and that work on a workspace of the failure's host. */
export const HOST_ACTIVITIES = ['inspectResources', 'cleanCaches', 'readGitStatus'] as const;

/** The same of supervised processes and of the machine itself, for which no workspace is needed. */
export const MACHINE_ACTIVITIES = [
  'startProcess',
  'stopProcess',
  'restartProcess',
  'processStatus',
  'verifyProcess',
  'healMemory',
  'healDisk',
  'healCpu',
  'undoHealCpu',
  'undoHealDisk',
  'forgetRemoved',
] as const;

/** Built-in activities for hosts that are lost: any worker does them, with a sign of life. */
export const FAILOVER_ACTIVITIES = ['awaitHost', 'failOverHost', 'undoFailOver'] as const;

/** The same of a terminal session, for which no workspace is needed. */
export const SESSION_ACTIVITIES = [
  'checkSession',
  'saveSession',
  'recreateSession',
  'unfreezeSession',
  'repairSession',
  'reattachSession',
  'verifySession',
  'undoSession',
] as const;
