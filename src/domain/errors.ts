/** One slug per situation: error code, Temporal failure type, exit code key and docs page. */
export const ERROR_CODES = [
  'access-denied',
  'action-failed',
  'action-not-applicable',
  'approval-denied',
  'approval-refused',
  'artifact-conflict',
  'artifact-corrupt',
  'artifact-not-found',
  'audit-broken',
  'audit-failed',
  'breaker-not-found',
  'breaker-open',
  'bulk-not-found',
  'checkpoint-corrupt',
  'checkpoint-invalid',
  'checkpoint-not-found',
  'command-failed',
  'command-interrupted',
  'command-not-found',
  'command-timeout',
  'database-corrupt',
  'decision-refused',
  'definition-invalid',
  'disk-full',
  'drill-not-found',
  'encryption-failed',
  'encryption-key-unknown',
  'execution-not-found',
  'failover-impossible',
  'git-in-progress',
  'git-head-moved',
  'git-missing',
  'heal-failed',
  'held-operation-failed',
  'host-drained',
  'host-failed-over',
  'host-not-found',
  'http-failed',
  'idempotency-key-reused',
  'invalid-input',
  'manual-step-failed',
  'method-not-allowed',
  'monitor-invalid',
  'monitor-not-found',
  'notification-failed',
  'path-outside-workspace',
  'payload-too-large',
  'pipeline-invalid',
  'plan-hash-mismatch',
  'plan-impossible',
  'playbook-invalid',
  'playbook-not-found',
  'port-taken',
  'probe-failed',
  'process-failed',
  'process-not-found',
  'process-start-limit',
  'provider-failed',
  'rate-limited',
  'receipt-broken',
  'recovery-not-found',
  'replica-failed',
  'restore-failed',
  'route-not-found',
  'run-not-found',
  'saga-undo-failed',
  'secret-not-found',
  'server-not-found',
  'server-too-old',
  'server-unreachable',
  'service-refused',
  'service-state-not-found',
  'service-unhealthy',
  'session-exists',
  'session-failed',
  'session-not-found',
  'session-unhealthy',
  'settings-invalid',
  'setup-failed',
  'store-failed',
  'store-quota-exceeded',
  'target-locked',
  'timed-out',
  'transaction-conflict',
  'transaction-invalid',
  'transaction-not-found',
  'unauthenticated',
  'unexpected',
  'unknown-activity',
  'unknown-playbook',
  'unsupported-entry',
  'unsupported-media-type',
  'workspace-refused',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

export interface ErrorOptions {
  /** What the caller can do about it, one sentence in the imperative. */
  remedy?: string;
  details?: Record<string, unknown>;
  cause?: unknown;
  /** Retrying cannot help: bad input, a missing thing, a refusal. */
  nonRetryable?: boolean;
}

/** The error of this product. Told apart by `code`, never by `instanceof`, since realms and copies differ. */
export class RerailError extends Error {
  override readonly name = 'RerailError';
  readonly code: ErrorCode;
  readonly remedy: string | undefined;
  readonly details: Record<string, unknown>;
  readonly nonRetryable: boolean;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.remedy = options.remedy;
    this.details = options.details ?? {};
    this.nonRetryable = options.nonRetryable ?? false;
  }
}

export function isRerailError(error: unknown): error is RerailError {
  return error instanceof Error && error.name === 'RerailError' && 'code' in error;
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The errno-like code of anything thrown (`ENOENT`, `ECONNREFUSED`), where it has one. */
export function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error ? (error as { code?: unknown }).code : undefined;
  return typeof code === 'string' ? code : undefined;
}
