export type { PathChange, RestoreOptions, RestorePlan, RestoreResult, RestoreScope } from './rollback.schema.ts';
