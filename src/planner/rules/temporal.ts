import type { ClassificationRule } from '../../domain/classification-rule.ts';

/** Failures of Temporal by name, and the status codes of gRPC. */
export const TEMPORAL_RULES: readonly ClassificationRule[] = [
  {
    name: 'no worker took the task in time',
    errorName: /^TimeoutFailure$/,
    code: /^SCHEDULE_TO_START$/,
    then: { category: 'EXTERNAL', type: 'timeout', severity: 'HIGH' },
  },
  {
    name: 'an activity or workflow took too long',
    errorName: /^TimeoutFailure$/,
    then: { category: 'TRANSIENT', type: 'timeout', severity: 'MEDIUM' },
  },
  {
    name: 'cancelled in Temporal',
    errorName: /^(CancelledFailure|WorkflowExecutionCancelledError|ActivityCancelledError)$/,
    then: { category: 'VALIDATION', type: 'unknown', severity: 'LOW' },
  },
  {
    name: 'terminated in Temporal',
    errorName: /^TerminatedFailure$/,
    then: { category: 'VALIDATION', type: 'unknown', severity: 'MEDIUM' },
  },
  {
    name: 'the workflow does not replay',
    errorName: /^(DeterminismViolationError|NonDeterministicWorkflowError)$/,
    then: { category: 'LOGIC', type: 'unknown', severity: 'HIGH' },
  },
  {
    name: 'the server cannot be reached',
    code: /^(UNAVAILABLE|server-unreachable)$/,
    then: { category: 'TRANSIENT', type: 'network', severity: 'MEDIUM' },
  },
  {
    name: 'the server did not answer in time',
    code: /^DEADLINE_EXCEEDED$/,
    then: { category: 'TRANSIENT', type: 'timeout', severity: 'MEDIUM' },
  },
  {
    name: 'the server limits the rate',
    code: /^RESOURCE_EXHAUSTED$/,
    then: { category: 'EXTERNAL', type: 'rate_limit', severity: 'MEDIUM' },
  },
  {
    name: 'the server does not allow it',
    code: /^(PERMISSION_DENIED|UNAUTHENTICATED)$/,
    then: { category: 'SECURITY', type: 'unknown', severity: 'HIGH' },
  },
  {
    name: 'the server refuses the request',
    code: /^(INVALID_ARGUMENT|FAILED_PRECONDITION|OUT_OF_RANGE|NOT_FOUND|ALREADY_EXISTS|UNIMPLEMENTED)$/,
    then: { category: 'VALIDATION', type: 'api_failure', severity: 'MEDIUM' },
  },
];
