import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { ClosedRecovery } from '../../domain/closed-recovery.ts';
import { ACTION_TYPES } from '../../domain/action.ts';
import { FAILURE_TYPES } from '../../domain/failure.ts';
import { CLOSED_RECOVERY_STATUSES } from '../../domain/recovery.ts';
import { boundedLabel } from './bounded-label.ts';
import { addSourceGauges } from './source-gauges.ts';
import type { MetricSources } from './metric-sources.ts';

/** Seconds, from a retry that helps at once to a repair by hand of an hour. */
const TTR_BUCKETS = [1, 2, 5, 10, 30, 60, 120, 300, 600, 1200, 1800, 3600];
const WAIT_BUCKETS = [1, 10, 30, 60, 300, 600, 1800, 3600, 14_400, 86_400];
const REQUEST_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const LATENESS_BUCKETS = [0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300];
const WORK_BUCKETS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 600, 1800];

/** Users name their playbooks; more than so many of them are counted as `other`. */
const PLAYBOOKS = 200;

/** How nearly everything ends. */
const OUTCOMES = ['succeeded', 'failed'] as const;

export interface MetricsOptions {
  version: string;
  host: string;
  sources?: MetricSources;
  /** A source that could not be read: its gauges are left out of that scrape. */
  onError?: (source: string, error: unknown) => void;
}

export interface Rendered {
  contentType: string;
  body: string;
}

const seconds = (milliseconds: number): number => milliseconds / 1000;

/**
 * One registry for a process, with counters that the worker feeds and gauges that are looked up with a scrape. Names
 * begin with `rerail_`, times are in seconds; no label holds an id or a target.
 */
export function createMetrics({ version, host, sources = {}, onError = () => undefined }: MetricsOptions) {
  const registry = new Registry();
  const registers = [registry];
  const playbookLabel = boundedLabel(PLAYBOOKS);

  const info = new Gauge({
    name: 'rerail_build_info',
    help: 'Always 1; the labels say which version runs on which host.',
    labelNames: ['version', 'host'],
    registers,
  });
  info.set({ version, host }, 1);
  const closed = new Counter({
    name: 'rerail_recoveries_closed_total',
    help: 'Recoveries that have closed on this worker.',
    labelNames: ['status', 'failure_type', 'playbook', 'severity'],
    registers,
  });
  const ttr = new Histogram({
    name: 'rerail_recovery_ttr_seconds',
    help: 'From the begin of the fault to the end of the verification (TTR) of recoveries that helped.',
    labelNames: ['failure_type'],
    buckets: TTR_BUCKETS,
    registers,
  });
  const humanWait = new Histogram({
    name: 'rerail_recovery_human_wait_seconds',
    help: 'How long closed recoveries had waited for people; those that never did count as 0.',
    labelNames: ['status'],
    buckets: WAIT_BUCKETS,
    registers,
  });
  const actionDuration = new Histogram({
    name: 'rerail_action_duration_seconds',
    help: 'How long the actions of closed recoveries took, all tries together.',
    labelNames: ['action', 'outcome'],
    buckets: WORK_BUCKETS,
    registers,
  });
  const actionAttempts = new Counter({
    name: 'rerail_action_attempts_total',
    help: 'Tries of the actions of closed recoveries.',
    labelNames: ['action', 'outcome'],
    registers,
  });
  const checkpoints = new Counter({
    name: 'rerail_checkpoints_created_total',
    help: 'Captures of a checkpoint on this host.',
    labelNames: ['outcome'],
    registers,
  });
  const commands = new Histogram({
    name: 'rerail_command_duration_seconds',
    help: 'How long commands took on this host.',
    labelNames: ['outcome'],
    buckets: WORK_BUCKETS,
    registers,
  });
  const requests = new Histogram({
    name: 'rerail_http_request_duration_seconds',
    help: 'How long the HTTP API took to answer, streams left out.',
    labelNames: ['method', 'route', 'status'],
    buckets: REQUEST_BUCKETS,
    registers,
  });
  const lookLateness = new Histogram({
    name: 'rerail_monitor_look_late_seconds',
    help: 'How much later than due the looks of monitors began on this host.',
    buckets: LATENESS_BUCKETS,
    registers,
  });
  addSourceGauges(registry, sources, onError);

  return {
    registry,
    /**
     * Begins at 0 what this process will count, where the labels are known before: of a series that begins with its first event
     * Prometheus sees no increase, and what happens once a day would never be seen.
     */
    expectWork(): void {
      for (const failure_type of FAILURE_TYPES) ttr.zero({ failure_type });
      for (const status of CLOSED_RECOVERY_STATUSES) humanWait.zero({ status });
      for (const outcome of OUTCOMES) {
        commands.zero({ outcome });
        checkpoints.inc({ outcome }, 0);
        for (const action of ACTION_TYPES) {
          actionDuration.zero({ action, outcome });
          actionAttempts.inc({ action, outcome }, 0);
        }
      }
    },
    /** Counts a recovery that has closed. */
    recoveryClosed(recovery: ClosedRecovery): void {
      const { status, failureType, severity, ttrMs, humanWaitMs, actions } = recovery;
      const playbook = playbookLabel(recovery.playbook);
      closed.inc({ status, failure_type: failureType, playbook, severity });
      if (ttrMs !== undefined) ttr.observe({ failure_type: failureType }, seconds(ttrMs));
      humanWait.observe({ status }, seconds(humanWaitMs));
      for (const { type, outcome, attempts, durationMs } of actions) {
        actionDuration.observe({ action: type, outcome }, seconds(durationMs));
        actionAttempts.inc({ action: type, outcome }, attempts);
      }
    },
    /** Counts an activity that this worker has carried out, where there is something to count about it. */
    activityEnded({ activityType, ok, durationMs }: EndedActivity): void {
      const outcome = ok ? 'succeeded' : 'failed';
      if (activityType === 'captureCheckpoint') checkpoints.inc({ outcome });
      if (activityType === 'runCommand') commands.observe({ outcome }, seconds(durationMs));
    },
    /** Counts a request; `route` is the path of the contract, never the address that was asked for. */
    requestAnswered({ method, route, status, durationMs }: AnsweredRequest): void {
      requests.observe({ method, route, status: String(status) }, seconds(durationMs));
    },
    /** Counts a look of a monitor on this host. */
    lookBegan(lateMs: number): void {
      lookLateness.observe(seconds(Math.max(0, lateMs)));
    },
    async render(): Promise<Rendered> {
      return { contentType: registry.contentType, body: await registry.metrics() };
    },
  };
}

export interface AnsweredRequest {
  method: string;
  route: string;
  status: number;
  durationMs: number;
}

export interface EndedActivity {
  activityType: string;
  ok: boolean;
  durationMs: number;
}

export type Metrics = ReturnType<typeof createMetrics>;
