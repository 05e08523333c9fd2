import type { Failure } from './failure.schema.ts';

export type {
  Failure,
  FailureCause,
  FailureInput,
  FailureSource,
  RelatedFailure,
  RunPosition,
  RunStepRef,
} from './failure.schema.ts';

/** Requirement 3.1. */
export const CATEGORIES = [
  'TRANSIENT',
  'VALIDATION',
  'RESOURCE',
  'LOGIC',
  'EXTERNAL',
  'SECURITY',
  'CRITICAL',
  'UNKNOWN',
] as const;
export type Category = (typeof CATEGORIES)[number];

/** Requirement 3.2: the pipeline types first, then those of services, components and sessions. */
export const PIPELINE_FAILURE_TYPES = [
  'timeout',
  'test_failure',
  'quality_gate',
  'resource_exhaustion',
  'network',
  'git',
  'unknown',
] as const;
export const FAILURE_TYPES = [
  ...PIPELINE_FAILURE_TYPES,
  'api_failure',
  'database',
  'cache',
  'rate_limit',
  'link',
  'module',
  'command',
  'quality',
  'integration',
  'dependency',
  'performance',
  'crashed',
  'disconnected',
  'corrupted',
  'frozen',
  'process',
] as const;
export type FailureType = (typeof FAILURE_TYPES)[number];

/** Requirement 3.3. */
export const SEVERITIES = ['CRITICAL', 'HIGH', 'MEDIUM', 'LOW'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** Requirement 3.4. */
export const LANES = ['docs', 'standard', 'heavy'] as const;
export type Lane = (typeof LANES)[number];

/** Requirement 4.11. */
export const RECOVERY_TYPES = ['automatic', 'manual', 'scheduled', 'emergency'] as const;
export type RecoveryType = (typeof RECOVERY_TYPES)[number];

const RECOVERY_TYPE_OF_SOURCE: Record<Failure['source']['kind'], RecoveryType> = {
  cli: 'manual',
  client: 'manual',
  api: 'manual',
  run: 'automatic',
  monitor: 'automatic',
  alert: 'automatic',
  drill: 'scheduled',
};

/** What the report counts it as: what was said, or what the source makes of it. */
export function recoveryTypeOf(failure: Pick<Failure, 'recoveryType' | 'source'>): RecoveryType {
  return failure.recoveryType ?? RECOVERY_TYPE_OF_SOURCE[failure.source.kind];
}

export interface Classification {
  category: Category;
  type: FailureType;
  severity: Severity;
  /** Which rule said so, in words a person can check. */
  rule: string;
  /** SHA-256 that stays the same when the same failure comes again; see fingerprint.ts. */
  fingerprint?: string | undefined;
}
