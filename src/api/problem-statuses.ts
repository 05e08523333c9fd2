import type { ErrorCode } from '../domain/errors.ts';

/** The HTTP status of each situation; what is not here is an internal error (500), of which nothing is told. */
export const STATUS_OF_CODE: Partial<Record<ErrorCode, number>> = {
  'invalid-input': 400,
  unauthenticated: 401,
  'access-denied': 403,
  'approval-denied': 403,
  'artifact-not-found': 404,
  'breaker-not-found': 404,
  'bulk-not-found': 404,
  'drill-not-found': 404,
  'checkpoint-not-found': 404,
  'execution-not-found': 404,
  'host-not-found': 404,
  'monitor-not-found': 404,
  'service-state-not-found': 404,
  'playbook-not-found': 404,
  'recovery-not-found': 404,
  'route-not-found': 404,
  'run-not-found': 404,
  'transaction-not-found': 404,
  'unknown-playbook': 422,
  'method-not-allowed': 405,
  'action-not-applicable': 409,
  'approval-refused': 409,
  'artifact-conflict': 409,
  'artifact-corrupt': 409,
  'breaker-open': 409,
  'checkpoint-corrupt': 409,
  'checkpoint-invalid': 409,
  'decision-refused': 409,
  'git-head-moved': 409,
  'git-in-progress': 409,
  'git-missing': 409,
  'host-drained': 409,
  'host-failed-over': 409,
  'path-outside-workspace': 409,
  'plan-hash-mismatch': 409,
  'restore-failed': 409,
  'store-quota-exceeded': 409,
  'target-locked': 409,
  'transaction-conflict': 409,
  'unsupported-entry': 409,
  'workspace-refused': 409,
  'payload-too-large': 413,
  'unsupported-media-type': 415,
  'definition-invalid': 422,
  'idempotency-key-reused': 422,
  'monitor-invalid': 422,
  'pipeline-invalid': 422,
  'plan-impossible': 422,
  'playbook-invalid': 422,
  'transaction-invalid': 422,
  'rate-limited': 429,
  'audit-failed': 503,
  'server-unreachable': 503,
  'settings-invalid': 503,
  'timed-out': 504,
};

/** A slug in words, as the title of a problem. */
export const titleOf = (code: ErrorCode): string => {
  const words = code.replaceAll('-', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
};

/** The page that explains a code. */
export const pageOfCode = (code: ErrorCode): string => `/docs/errors/${code}`;
