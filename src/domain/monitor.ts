import type { MonitorCheckSpec, MonitorDocument, MonitorSpec } from './monitor.schema.ts';
import type { Probe, ProbeReading } from './probe.ts';
export type {
  CheckHealth,
  CheckNowInput,
  ListedMonitor,
  MaintenanceInput,
  MonitorChange,
  MonitorDocument,
  MonitorHealth,
  OpenRecovery,
  ResetTargetInput,
  TargetHealth,
} from './monitor.schema.ts';

/** Of one monitor. */
export const MAX_CHECKS = 1000;

export const HEALTH_STATES = ['healthy', 'degraded', 'unhealthy', 'unknown'] as const;
export type HealthState = (typeof HEALTH_STATES)[number];

/** Nothing is left open: every check has its target, the monitor its host. */
export interface MonitorCheck extends Omit<MonitorCheckSpec, 'target'> {
  target: string;
}
export interface Monitor extends Omit<MonitorSpec, 'host' | 'target' | 'checks'> {
  name: string;
  host: string;
  checks: MonitorCheck[];
}

/** What a definition means on a host. */
export function monitorOf({ metadata, spec }: MonitorDocument, defaultHost: string): Monitor {
  const { host = defaultHost, target, checks, ...rest } = spec;
  return {
    ...rest,
    name: metadata.name,
    host,
    checks: checks.map((check) => ({
      ...check,
      // The schema makes sure that one of them is there.
      target: check.target ?? target ?? '',
      failure: { ...check.failure, labels: { ...metadata.labels, ...check.failure.labels } },
    })),
  };
}

/** The probe of a check as the worker runs it, and as a recovery proves by it that the target works again. */
export function probeOf({ name, probe, timeoutSeconds }: MonitorCheck, host?: string): Probe {
  return { name, timeout: `${Math.round(timeoutSeconds * 1000)}ms`, ...probe, ...(host === undefined ? {} : { host }) };
}

/** How one check stands: a state and how often in a row. */
export interface CheckCount {
  state: 'unknown' | 'healthy' | 'unhealthy';
  failures: number;
  successes: number;
}

/**
 * What one watch hands to the next one, small however many checks there are: those that are missing here are healthy and
 * passed when they were looked at last.
 */
export interface CheckCounts {
  counts: Record<string, CheckCount>;
  /** No look yet. */
  unseen: string[];
}

/** What the next attempt of a watch goes on from: its heartbeat. */
export interface WatchBeat extends CheckCounts {
  since: number;
}

export interface WatchInput {
  monitor: Monitor;
  from: CheckCounts;
  /** When the watch before ended, by the host's clock; looks that were due since then are made at once. */
  since: number | null;
  /** First looks wait for their initial delays from here on; by the host's clock where it is known. */
  startedAt: number;
  /** Looked at once, before anything else. */
  now: string[];
  /** Ends after so long without any news. Milliseconds. */
  watchMs: number;
}

export interface WatchResult extends CheckCounts {
  /** Of those that are not plain healthy, of those that have turned, and some of the others. */
  readings: ProbeReading[];
  /** By the host's clock. */
  endedAt: number;
  /** All that was to be looked at at once was. */
  lookedNow: boolean;
}
