/** One slug per situation: error code, Temporal failure type, exit code key and docs page. */
export const ERROR_CODES = [
  'action-failed',
  'action-not-applicable',
  'approval-denied',
  'approval-refused',
  'artifact-conflict',
  'artifact-corrupt',
  'artifact-not-found',
  'checkpoint-corrupt',
  'checkpoint-invalid',
  'checkpoint-not-found',
  'command-failed',
  'command-interrupted',
  'command-not-found',
  'command-timeout',
  'decision-refused',
  'disk-full',
  'git-in-progress',
  'git-head-moved',
  'git-missing',
  'http-failed',
  'invalid-input',
  'manual-step-failed',
  'path-outside-workspace',
  'pipeline-invalid',
  'plan-hash-mismatch',
  'plan-impossible',
  'playbook-invalid',
  'port-taken',
  'probe-failed',
  'provider-failed',
  'recovery-not-found',
  'replica-failed',
  'restore-failed',
  'run-not-found',
  'secret-not-found',
  'server-not-found',
  'server-unreachable',
  'settings-invalid',
  'setup-failed',
  'store-failed',
  'store-quota-exceeded',
  'target-locked',
  'timed-out',
  'unexpected',
  'unknown-activity',
  'unknown-playbook',
  'unsupported-entry',
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
