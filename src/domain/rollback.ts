export type { PathChange, RestoreOptions, RestorePlan, RestoreResult } from './rollback.schema.ts';

export const ROLLBACK_STRATEGIES = ['full', 'partial', 'selective', 'incremental'] as const;
