import type { z } from 'zod';
import type { Contract } from '../../../src/api/contract.ts';

export type { RecoveryDetail, StartRecoveryRequest } from '../../../src/api/contract/recoveries.ts';
export type { ActionStatus, ActionType, PlannedAction } from '../../../src/domain/action.ts';
export type { Decision, Impact } from '../../../src/domain/approval.ts';
export type { BreakerSnapshot, BreakerState } from '../../../src/domain/breaker.ts';
export type { BulkReport, BulkStatus } from '../../../src/domain/bulk.ts';
export type { CheckpointRecord, CheckpointState } from '../../../src/domain/checkpoint.ts';
export type { Prediction, Spread, TrackRecord } from '../../../src/domain/knowledge.schema.ts';
export type { DrillReport, DrillVerdict } from '../../../src/domain/drill.ts';
export type { DrillMark } from '../../../src/domain/drill-mark.ts';
export type { Host, HostDetails, HostStanding } from '../../../src/domain/host.ts';
export type { HealthState, MonitorHealth, TargetHealth } from '../../../src/domain/monitor.ts';
export type { Plan } from '../../../src/domain/plan.ts';
export type { ListedRecovery, ListedStatus } from '../../../src/domain/recovery-list.schema.ts';
export type {
  ActionRecord,
  AllowedDecision,
  OpenApproval,
  RecordedError,
  RecoverySnapshot,
  TimelineEntry,
} from '../../../src/domain/recovery.ts';
export type { RecoveryReport } from '../../../src/domain/report.ts';
export type { PathChange, RestoreResult } from '../../../src/domain/rollback.ts';
export type { Role } from '../../../src/api/contract/route.ts';

type Answers = { [Id in keyof Contract]: Contract[Id]['answers'] };

/** What an operation of the contract answers with. */
export type Answer<Id extends keyof Contract> = Answers[Id] extends { 200: { schema: infer Schema extends z.ZodType } }
  ? z.output<Schema>
  : never;

export type Counts = Answer<'countRecoveries'>;
export type Me = Answer<'whoami'>;
export type Automation = Answer<'getAutomation'>;
export type BulkPreview = Answer<'startBulk'>;
export type ListedBreaker = Answer<'listBreakers'>['items'][number];

/** RFC 9457, as the API answers. */
export interface Problem {
  title: string;
  status: number;
  detail: string;
  code: string;
  type?: string;
  remedy?: string;
  traceId?: string;
  errors?: { field: string; message: string }[];
}
