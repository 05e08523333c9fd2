import {
  patched,
  proxyActivities,
  // eslint-disable-next-line @typescript-eslint/no-restricted-imports -- for the executions of earlier versions
  proxyLocalActivities,
  type ActivityCancellationType,
  type ActivityOptions,
} from '@temporalio/workflow';
import type { HostActivities, SharedActivities } from '../activities/index.ts';
import type { Duration } from '../domain/duration.ts';
import { hostTaskQueue } from '../domain/wire-names.ts';
import { hasVersion } from './execution-version.ts';

/** Retries against lost workers and a busy machine. What the world answers is not retried here but by the plan. */
const INFRASTRUCTURE_RETRY = {
  maximumAttempts: 10,
  initialInterval: '200ms',
  backoffCoefficient: 2,
  maximumInterval: '10s',
} as const;

/** Of patience with a network that is cut again and again: a try that is lost on its way counts like one that has failed. */
const ENGINE_STEP = {
  startToCloseTimeout: '20s',
  retry: { maximumAttempts: 20, initialInterval: '100ms', backoffCoefficient: 2, maximumInterval: '2s' },
} as const;
const regularSteps = proxyActivities<SharedActivities>({ ...ENGINE_STEP, heartbeatTimeout: '4s' });
const localSteps = proxyLocalActivities<SharedActivities>(ENGINE_STEP);

/**
 * The engine's own short steps: read, decide, write one record. Executions that began before version 3 do them as local
 * activities, which may not replay where somebody has queried at the same time (docs/decisions/0022).
 */
export const engine = (input: { version?: number | undefined } = {}): typeof regularSteps =>
  hasVersion(input, 3) || patched('regular-engine-steps') ? regularSteps : localSteps;

interface CommonOptions {
  summary: string;
  /** Without it, Temporal's client says that a cancelled activity has ended while it may still be at work. */
  cancellationType?: ActivityCancellationType | undefined;
}

const cancellationOf = ({ cancellationType }: CommonOptions): Pick<ActivityOptions, 'cancellationType'> =>
  cancellationType === undefined ? {} : { cancellationType };

export function sharedActivities(
  options: CommonOptions & {
    timeout: Duration;
    taskQueue?: string | undefined;
    /** All tries together, and the wait for a worker. */
    within?: Duration;
    heartbeat?: Duration;
  },
) {
  return proxyActivities<SharedActivities>({
    ...(options.taskQueue ? { taskQueue: options.taskQueue } : {}),
    ...(options.within ? { scheduleToCloseTimeout: options.within } : {}),
    ...(options.heartbeat ? { heartbeatTimeout: options.heartbeat } : {}),
    startToCloseTimeout: options.timeout,
    retry: INFRASTRUCTURE_RETRY,
    summary: options.summary,
    ...cancellationOf(options),
  });
}

/** Activities bound to one host. A host without a worker is an error after ten minutes, not a hang. */
export function hostActivities(
  host: string,
  options: CommonOptions & { timeout: Duration | number; within?: Duration; heartbeat?: Duration },
) {
  return proxyActivities<HostActivities>({
    taskQueue: hostTaskQueue(host),
    scheduleToStartTimeout: '10m',
    // All tries together, where an answer is only wanted soon.
    ...(options.within ? { scheduleToCloseTimeout: options.within } : {}),
    startToCloseTimeout: options.timeout,
    heartbeatTimeout: options.heartbeat ?? '10s',
    retry: INFRASTRUCTURE_RETRY,
    summary: options.summary,
    ...cancellationOf(options),
  });
}

type AnyActivity = (input: unknown) => Promise<unknown>;

/**
 * An activity that a playbook or a failure names. Each try is one attempt of the plan, so it is tried once here: the
 * user's own activity may not be one that can be repeated blindly.
 */
export function namedActivity(name: string, options: ActivityOptions): AnyActivity {
  const activities = proxyActivities<Record<string, AnyActivity>>({ ...options, retry: { maximumAttempts: 1 } });
  const found = activities[name];
  if (!found) throw new TypeError(`no activity proxy for ${name}`);
  return found;
}
