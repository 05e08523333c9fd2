export type { CompensationRecord, FailedStrategy, RecoveryReport, RestoredCheckpoint } from './report.schema.ts';
