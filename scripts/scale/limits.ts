// Figures that are not measured: what Rerail, the SDK and Temporal come with, and what Temporal publishes.

/** Of this repository. */
export const RERAIL = {
  /** src/config/settings.ts. */
  maxConcurrentRecoveries: 100,
  /** src/activities/notifications/watch-recoveries.ts and src/client/notifications.ts. */
  notifierLagSeconds: 60,
  notifierPage: 200,
  /** src/workflows/ledger-size.ts. */
  ledgerBytes: 1_400_000,
  /** src/activities/monitors/watch-health-here.ts. */
  monitorsOfHost: 40,
  /** src/config/settings.ts. */
  storeBytes: 50 * 1024 ** 3,
  /** src/workflows/steps/watch-monitor.ts: one of five minutes after the other. */
  watchesPerDay: 288,
  /** src/workflows: a ledger, breaker, host record begins a new history after so many changes. */
  continueAfter: 1000,
};

/** Of a worker of the SDK where nothing is set. */
export const WORKER = {
  workflowTasks: 40,
  activities: 100,
  /** What the model gives the cache of one worker. */
  cacheMiB: 1024,
};

/** Of docker-compose.yml, and the server's own defaults. */
export const SELF_HOSTED = {
  shards: 512,
  partitions: 4,
  historyEvents: 51_200,
  suggestedEvents: 4096,
  historyBytes: 50_000_000,
};

/** https://docs.temporal.io/cloud/limits, for a namespace. */
export const CLOUD = { actionsPerSecond: 500, visibilityPerSecond: 30 };
