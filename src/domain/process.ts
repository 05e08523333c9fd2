import type { ProcessSpec } from './process.schema.ts';

export type { ProcessSpec } from './process.schema.ts';

/** What is the matter with an end: each is a failure, or is none, by the policy. */
export const RESTART_POLICIES = ['on-failure', 'always', 'never'] as const;
export const STOP_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGKILL'] as const;

/** A process as it is known on its host: what its component says, under the component's name. */
export interface SupervisedProcess extends ProcessSpec {
  name: string;
}

export type EndCause = 'exit' | 'signal' | 'memory-limit' | 'out-of-memory' | 'spawn-failed' | 'unknown';

/** How a process ended. */
export interface ProcessEnding {
  exitCode: number | null;
  signal: string | null;
  cause: EndCause;
  /** False: a conclusion from the circumstances, which `evidence` names. */
  certain: boolean;
  evidence?: string;
  /** ISO 8601; null where nobody saw it. */
  at: string | null;
  uptimeMs: number | null;
}

/** Somebody wanted it to end: for good, or to start it again. */
export interface StopRequest {
  purpose: 'stop' | 'restart';
  by: string;
  at: string;
}

/** `none`: never started here. `starting`: its supervisor has not started it yet. */
export type ProcessState = 'none' | 'starting' | 'running' | 'ended';

export interface ProcessStatus {
  name: string;
  state: ProcessState;
  /** As its restart policy sees it: a failure is what a monitor reports. */
  healthy: boolean;
  /** In one line. */
  observed: string;
  pid: number | null;
  startedAt: string | null;
  uptimeMs: number | null;
  /** Resident memory of it and all that it has started. */
  memoryBytes: number | null;
  /** False: its supervisor is gone, so nobody will see how it ends. */
  supervised: boolean;
  ending: ProcessEnding | null;
  stopRequest: StopRequest | null;
  /** Restarts within the interval of the start limit. */
  restarts: number;
  startLimitBurst: number;
  /** The last of its output, secrets masked. */
  lastLines: string[];
}

export interface PastStart {
  at: number;
  /** What a person starts begins the count anew. */
  reason: 'start' | 'restart';
}

export interface RestartAdvice {
  /** Restarts within the interval that count. */
  counted: number;
  allowed: boolean;
  /** Before the next one. */
  delayMs: number;
}

/** May it be started once more, and how long after the last time? The wait doubles with every restart within the interval. */
export function adviseRestart(
  past: readonly PastStart[],
  rule: { startLimitBurst: number; intervalMs: number; delayMs: number; maxDelayMs: number },
  now: number,
): RestartAdvice {
  const since = past.findLastIndex(({ reason }) => reason === 'start') + 1;
  const counted = past.slice(since).filter(({ at }) => now - at < rule.intervalMs).length;
  const delayMs = counted === 0 ? 0 : Math.min(rule.maxDelayMs, rule.delayMs * 2 ** Math.min(counted - 1, 30));
  return { counted, allowed: counted < rule.startLimitBurst, delayMs };
}

const LABEL: Record<EndCause, (ending: ProcessEnding) => string> = {
  exit: ({ exitCode }) => `ended with exit code ${exitCode ?? 'unknown'}`,
  signal: ({ signal }) => `was killed by ${signal ?? 'a signal'}`,
  'memory-limit': () => 'was killed at its memory limit',
  'out-of-memory': ({ signal }) => `was killed by ${signal ?? 'a signal'}, probably for want of memory`,
  'spawn-failed': () => 'could not be started',
  unknown: () => 'is gone, and nobody saw how it ended',
};

/** In words; what is only a guess says so. */
export function describeEnding(ending: ProcessEnding): string {
  return `${LABEL[ending.cause](ending)}${ending.evidence === undefined ? '' : ` (${ending.evidence})`}`;
}

/** Is this end what the policy lets a process do? */
export function isFailure(
  policy: (typeof RESTART_POLICIES)[number],
  ending: ProcessEnding,
  stopRequest: StopRequest | null,
): boolean {
  if (stopRequest !== null) return stopRequest.purpose === 'restart';
  return policy === 'always' || ending.cause !== 'exit' || ending.exitCode !== 0;
}
