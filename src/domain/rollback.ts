export type {
  PathChange,
  RestoreOptions,
  RestorePhase,
  RestorePlan,
  RestoreResult,
  RestoreScope,
} from './rollback.schema.ts';
