import type { ActionStatus, ActionType } from './action.ts';
import type { Json } from './canonical-json.ts';

export const OPEN_RECOVERY_STATUSES = [
  'planning',
  'awaiting_approval',
  'executing',
  'awaiting_operator',
  'paused',
  'verifying',
  'compensating',
] as const;
export const CLOSED_RECOVERY_STATUSES = ['recovered', 'partial', 'failed', 'escalated', 'cancelled'] as const;
export const RECOVERY_STATUSES = [...OPEN_RECOVERY_STATUSES, ...CLOSED_RECOVERY_STATUSES] as const;

export type ClosedRecoveryStatus = (typeof CLOSED_RECOVERY_STATUSES)[number];
export type RecoveryStatus = (typeof RECOVERY_STATUSES)[number];

/** What took the failure away: an operation that worked again, a probe, a person's skip, or nothing yet. */
export type Resolution = 'retry' | 'resume' | 'skip' | 'supplied' | 'probes';

export interface Attempt {
  number: number;
  startedAt: string;
  durationMs: number;
  ok: boolean;
  error?: RecordedError;
}

export interface RecordedError {
  code: string;
  message: string;
  remedy?: string;
  details?: Json;
}

export interface ActionRecord {
  id: string;
  type: ActionType;
  title: string;
  order: number;
  required: boolean;
  status: ActionStatus;
  attempts: Attempt[];
  startedAt?: string;
  finishedAt?: string;
  durationMs: number;
  output?: Json;
  error?: RecordedError;
  /** Why it was skipped, not needed or left to a person. */
  note?: string;
}

export interface TimelineEntry {
  seq: number;
  at: string;
  kind:
    | 'reported'
    | 'joined'
    | 'planned'
    | 'approval'
    | 'refused'
    | 'action'
    | 'attempt'
    | 'decision'
    | 'pause'
    | 'probe'
    | 'compensation'
    | 'status';
  message: string;
  actionId?: string;
  by?: string;
  reason?: string;
}

export interface WaitingFor {
  kind: 'approval' | 'manual' | 'decision' | 'resume' | 'time' | 'probes';
  /** `approval`, `manual:<action>`, `decision:<action>`: also the search attribute's value. */
  key: string;
  since: string;
  /** When the wait ends by itself. */
  until?: string;
  actionId?: string;
}

/** Answer of the query `status`. */
export interface RecoverySnapshot {
  workflowId: string;
  runId: string;
  target: string;
  subject?: string;
  status: RecoveryStatus;
  playbook?: string;
  planHash?: string;
  waitingFor?: WaitingFor;
  currentAction?: string;
  actions: ActionRecord[];
  joined: number;
  timelineLength: number;
  startedAt: string;
}

export interface AllowedDecision {
  decision: string;
  allowed: boolean;
  /** Why not, when it is not. */
  reason?: string;
}
