import type {
  ActionStatus,
  BreakerState,
  BulkStatus,
  CheckpointState,
  DrillMark,
  DrillVerdict,
  HealthState,
  HostStanding,
  ListedStatus,
} from '../api/types.ts';

export type Tone = 'good' | 'busy' | 'wait' | 'bad' | 'off' | 'undo';
export type IconName =
  | 'check'
  | 'half'
  | 'cross'
  | 'clock'
  | 'pause'
  | 'play'
  | 'person'
  | 'eye'
  | 'undo'
  | 'up'
  | 'stop'
  | 'skip'
  | 'dash'
  | 'dots'
  | 'key'
  | 'warning';

export interface Look {
  word: string;
  tone: Tone;
  icon: IconName;
}

/** Each status has a colour, an icon and a word: none is told by its colour alone. */
export const RECOVERY_LOOKS: Record<ListedStatus, Look> = {
  planning: { word: 'planning', tone: 'busy', icon: 'dots' },
  awaiting_approval: { word: 'awaiting approval', tone: 'wait', icon: 'key' },
  executing: { word: 'executing', tone: 'busy', icon: 'play' },
  awaiting_operator: { word: 'awaiting operator', tone: 'wait', icon: 'person' },
  paused: { word: 'paused', tone: 'wait', icon: 'pause' },
  verifying: { word: 'verifying', tone: 'busy', icon: 'eye' },
  compensating: { word: 'compensating', tone: 'undo', icon: 'undo' },
  recovered: { word: 'recovered', tone: 'good', icon: 'check' },
  partial: { word: 'partial', tone: 'wait', icon: 'half' },
  failed: { word: 'failed', tone: 'bad', icon: 'cross' },
  escalated: { word: 'escalated', tone: 'bad', icon: 'up' },
  cancelled: { word: 'cancelled', tone: 'off', icon: 'stop' },
  killed: { word: 'killed', tone: 'bad', icon: 'stop' },
};

export const ACTION_LOOKS: Record<ActionStatus, Look> = {
  pending: { word: 'pending', tone: 'off', icon: 'dots' },
  running: { word: 'running', tone: 'busy', icon: 'play' },
  waiting: { word: 'waiting', tone: 'wait', icon: 'clock' },
  succeeded: { word: 'succeeded', tone: 'good', icon: 'check' },
  failed: { word: 'failed', tone: 'bad', icon: 'cross' },
  skipped: { word: 'skipped', tone: 'off', icon: 'skip' },
  not_needed: { word: 'not needed', tone: 'off', icon: 'dash' },
  timed_out: { word: 'timed out', tone: 'bad', icon: 'clock' },
  cancelled: { word: 'cancelled', tone: 'off', icon: 'stop' },
  compensated: { word: 'undone', tone: 'undo', icon: 'undo' },
  compensation_failed: { word: 'undo failed', tone: 'bad', icon: 'warning' },
};

export const BREAKER_LOOKS: Record<BreakerState, Look> = {
  CLOSED: { word: 'closed', tone: 'good', icon: 'check' },
  OPEN: { word: 'open', tone: 'bad', icon: 'cross' },
  HALF_OPEN: { word: 'half open', tone: 'wait', icon: 'half' },
  FORCED_OPEN: { word: 'forced open', tone: 'bad', icon: 'stop' },
  DISABLED: { word: 'disabled', tone: 'off', icon: 'dash' },
  METRICS_ONLY: { word: 'metrics only', tone: 'off', icon: 'eye' },
};

export const CHECKPOINT_LOOKS: Record<CheckpointState, Look> = {
  creating: { word: 'creating', tone: 'busy', icon: 'dots' },
  complete: { word: 'complete', tone: 'good', icon: 'check' },
  partial: { word: 'partial', tone: 'wait', icon: 'half' },
  invalidated: { word: 'invalidated', tone: 'off', icon: 'dash' },
  corrupt: { word: 'corrupt', tone: 'bad', icon: 'warning' },
  deleting: { word: 'deleting', tone: 'off', icon: 'cross' },
};

export const HEALTH_LOOKS: Record<HealthState, Look> = {
  healthy: { word: 'healthy', tone: 'good', icon: 'check' },
  degraded: { word: 'degraded', tone: 'wait', icon: 'half' },
  unhealthy: { word: 'unhealthy', tone: 'bad', icon: 'cross' },
  unknown: { word: 'unknown', tone: 'off', icon: 'dash' },
};

export const HOST_LOOKS: Record<HostStanding, Look> = {
  up: { word: 'up', tone: 'good', icon: 'check' },
  away: { word: 'away', tone: 'bad', icon: 'cross' },
  drained: { word: 'drained', tone: 'wait', icon: 'pause' },
  'failed over': { word: 'failed over', tone: 'bad', icon: 'skip' },
};

export const BULK_LOOKS: Record<BulkStatus, Look> = {
  running: { word: 'running', tone: 'busy', icon: 'play' },
  paused: { word: 'paused', tone: 'wait', icon: 'pause' },
  done: { word: 'done', tone: 'good', icon: 'check' },
  stopped: { word: 'stopped', tone: 'bad', icon: 'stop' },
  cancelled: { word: 'cancelled', tone: 'off', icon: 'stop' },
  'dry-run': { word: 'dry run', tone: 'off', icon: 'eye' },
};

/** Whether a checkpoint outlives its host. */
export const COPY_LOOKS: Record<'copied' | 'here', Look> = {
  copied: { word: 'yes', tone: 'good', icon: 'check' },
  here: { word: 'no', tone: 'wait', icon: 'warning' },
};

export const DRILL_LOOKS: Record<DrillVerdict | 'running' | 'killed', Look> = {
  passed: { word: 'passed', tone: 'good', icon: 'check' },
  failed: { word: 'failed', tone: 'bad', icon: 'cross' },
  invalid: { word: 'invalid', tone: 'wait', icon: 'warning' },
  aborted: { word: 'aborted', tone: 'off', icon: 'stop' },
  running: { word: 'running', tone: 'busy', icon: 'play' },
  killed: { word: 'killed', tone: 'bad', icon: 'stop' },
};

const UNKNOWN: Look = { word: 'unknown', tone: 'off', icon: 'dash' };

/** Visibility gives text: a status of a newer version is shown by its word. */
export const recoveryLook = (status: string): Look =>
  RECOVERY_LOOKS[status as ListedStatus] ?? { ...UNKNOWN, word: status };

export const drillLook = (verdict: string): Look =>
  DRILL_LOOKS[verdict as keyof typeof DRILL_LOOKS] ?? { ...UNKNOWN, word: verdict };

/** Whether a playbook has passed a drill since its last change. */
export const DRILL_MARK_LOOKS: Record<DrillMark['state'], Look> = {
  passed: { word: 'drill passed', tone: 'good', icon: 'check' },
  none: { word: 'no drill', tone: 'wait', icon: 'warning' },
  changed: { word: 'changed since its drill', tone: 'wait', icon: 'half' },
  unknown: { word: 'drills unknown', tone: 'off', icon: 'dash' },
};
