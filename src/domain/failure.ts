export type { Failure, FailureCause, FailureInput, FailureSource, RunPosition, RunStepRef } from './failure.schema.ts';

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
] as const;
export type FailureType = (typeof FAILURE_TYPES)[number];

/** Requirement 3.3. */
export const SEVERITIES = ['CRITICAL', 'HIGH', 'MEDIUM', 'LOW'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** Requirement 3.4. */
export const LANES = ['docs', 'standard', 'heavy'] as const;
export type Lane = (typeof LANES)[number];

export interface Classification {
  category: Category;
  type: FailureType;
  severity: Severity;
  /** Which rule said so, in words a person can check. */
  rule: string;
}
