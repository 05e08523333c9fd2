import { z } from 'zod';
import { ActionSpecSchema, PlannedActionSchema } from '../domain/action.schema.ts';
import { AuditEntrySchema } from '../domain/audit.schema.ts';
import { BreakerSettingsSchema, BreakerSnapshotSchema } from '../domain/breaker.schema.ts';
import { BulkReportSchema } from '../domain/bulk.schema.ts';
import { CheckpointInfoSchema, CheckpointRecordSchema, StatePartsSchema } from '../domain/checkpoint.schema.ts';
import {
  FailureSchema,
  FailureSourceSchema,
  RelatedFailureSchema,
  RunPositionSchema,
} from '../domain/failure.schema.ts';
import { PredictionSchema, SpreadSchema, TrackRecordSchema } from '../domain/knowledge.schema.ts';
import { DrillSuiteReportSchema, ListedSuiteSchema } from '../domain/drill-suite.schema.ts';
import { DrillReportSchema, DrillSchema, ListedDrillSchema } from '../domain/drill.schema.ts';
import { ServiceSnapshotSchema, ServiceSpecSchema } from '../domain/service.schema.ts';
import { ListedMonitorSchema, MonitorHealthSchema, MonitorSchema } from '../domain/monitor.schema.ts';
import { JsonSchema } from '../domain/names.schema.ts';
import { OperationSchema } from '../domain/operation.schema.ts';
import {
  JudgedSchema,
  MeasuredSchema,
  PeriodReportSchema,
  RecoveryTimeSchema,
} from '../domain/period-report.schema.ts';
import { PipelineSchema } from '../domain/pipeline.schema.ts';
import { PlanSchema } from '../domain/plan.schema.ts';
import { DrilledPlaybookSchema, ListedPlaybookSchema, ResolvedActionSchema } from '../domain/playbook-list.schema.ts';
import { ProbeReadingSchema, ProbeSchema, VerifySpecSchema } from '../domain/probe.schema.ts';
import { ListedRecoverySchema } from '../domain/recovery-list.schema.ts';
import {
  ActionRecordSchema,
  AllowedDecisionSchema,
  RecordedErrorSchema,
  RecoverySnapshotSchema,
  TimelineEntrySchema,
} from '../domain/recovery.schema.ts';
import { ApprovalRecordSchema, FailedStrategySchema, RecoveryReportSchema } from '../domain/report.schema.ts';
import {
  PathChangeSchema,
  RestorePlanSchema,
  RestoreResultSchema,
  RestoreScopeSchema,
} from '../domain/rollback.schema.ts';
import { RunReportSchema, RunSnapshotSchema } from '../domain/run.schema.ts';
import {
  TransactionInputSchema,
  TransactionReportSchema,
  TransactionSnapshotSchema,
} from '../domain/transaction.schema.ts';
import { StatisticsSchema } from './contract/insight.ts';
import { RecoveryDetailSchema, ReportedFailureSchema, StartedRecoverySchema } from './contract/recoveries.ts';
import { ProblemSchema } from './contract/shared.ts';

const NAMED: Record<string, z.ZodType> = {
  ActionRecord: ActionRecordSchema,
  ActionSpec: ActionSpecSchema,
  AllowedDecision: AllowedDecisionSchema,
  ApprovalRecord: ApprovalRecordSchema,
  AuditEntry: AuditEntrySchema,
  BreakerSettings: BreakerSettingsSchema,
  BreakerSnapshot: BreakerSnapshotSchema,
  BulkReport: BulkReportSchema,
  CheckpointInfo: CheckpointInfoSchema,
  CheckpointRecord: CheckpointRecordSchema,
  FailedStrategy: FailedStrategySchema,
  Failure: FailureSchema,
  FailureSource: FailureSourceSchema,
  Json: JsonSchema,
  ListedPlaybook: ListedPlaybookSchema,
  DrilledPlaybook: DrilledPlaybookSchema,
  ListedRecovery: ListedRecoverySchema,
  Drill: DrillSchema,
  DrillReport: DrillReportSchema,
  ListedDrill: ListedDrillSchema,
  DrillSuiteReport: DrillSuiteReportSchema,
  ListedSuite: ListedSuiteSchema,
  ListedMonitor: ListedMonitorSchema,
  ServiceSpec: ServiceSpecSchema,
  ServiceSnapshot: ServiceSnapshotSchema,
  Monitor: MonitorSchema,
  MonitorHealth: MonitorHealthSchema,
  Operation: OperationSchema,
  PathChange: PathChangeSchema,
  PeriodReport: PeriodReportSchema,
  Judged: JudgedSchema,
  Measured: MeasuredSchema,
  RecoveryTime: RecoveryTimeSchema,
  Pipeline: PipelineSchema,
  Plan: PlanSchema,
  PlannedAction: PlannedActionSchema,
  Prediction: PredictionSchema,
  Probe: ProbeSchema,
  ProbeReading: ProbeReadingSchema,
  Problem: ProblemSchema,
  RecordedError: RecordedErrorSchema,
  RecoveryDetail: RecoveryDetailSchema,
  RecoveryReport: RecoveryReportSchema,
  RecoverySnapshot: RecoverySnapshotSchema,
  RelatedFailure: RelatedFailureSchema,
  ReportedFailure: ReportedFailureSchema,
  ResolvedAction: ResolvedActionSchema,
  RestorePlan: RestorePlanSchema,
  RestoreResult: RestoreResultSchema,
  RestoreScope: RestoreScopeSchema,
  RunPosition: RunPositionSchema,
  RunReport: RunReportSchema,
  RunSnapshot: RunSnapshotSchema,
  Spread: SpreadSchema,
  StartedRecovery: StartedRecoverySchema,
  StateParts: StatePartsSchema,
  Statistics: StatisticsSchema,
  TimelineEntry: TimelineEntrySchema,
  TrackRecord: TrackRecordSchema,
  Transaction: TransactionInputSchema,
  TransactionReport: TransactionReportSchema,
  TransactionSnapshot: TransactionSnapshotSchema,
  VerifySpec: VerifySpecSchema,
};

/** Schemas that are written once in the OpenAPI document, under their names. */
export const NAMED_SCHEMAS = z.registry<{ id: string }>();
for (const [id, schema] of Object.entries(NAMED)) NAMED_SCHEMAS.add(schema, { id });
