export type { PathChange, RestoreOptions, RestorePlan, RestoreResult } from './rollback.schema.ts';
