export type { CompensationRecord, RecoveryReport, RestoredCheckpoint } from './report.schema.ts';
