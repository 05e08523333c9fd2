import { isRerailError, type ErrorCode } from '../domain/errors.ts';
import type { ClosedRecoveryStatus } from '../domain/recovery.ts';

/** What scripts may rely on; `docs/reference/cli.md` lists them. */
export const EXIT = {
  done: 0,
  unexpected: 1,
  usage: 2,
  unrecovered: 3,
  invalid: 4,
  approval: 5,
  notFound: 6,
  unreachable: 7,
  timeout: 124,
  interrupted: 130,
} as const;

export const EXIT_MEANINGS: Record<keyof typeof EXIT, string> = {
  done: 'done; of `--wait` and `--watch`: recovered, or in part',
  unexpected: 'an error that nobody foresaw',
  usage: 'wrong words, options or settings',
  unrecovered: 'it ended, but what failed does not work again',
  invalid: 'refused, or found wanting: the message says what and the remedy',
  approval: 'a person has to say yes, or has said no',
  notFound: 'there is no such thing',
  unreachable: 'no Temporal server answers',
  timeout: 'the time given was over; what was begun goes on',
  interrupted: 'left with Ctrl-C; what was begun goes on',
};

const OF_ERROR: Partial<Record<ErrorCode, number>> = {
  'invalid-input': EXIT.usage,
  'settings-invalid': EXIT.usage,
  'unknown-playbook': EXIT.usage,
  'path-outside-workspace': EXIT.invalid,
  'pipeline-invalid': EXIT.invalid,
  'definition-invalid': EXIT.invalid,
  'playbook-invalid': EXIT.invalid,
  'plan-impossible': EXIT.invalid,
  'command-not-found': EXIT.invalid,
  'workspace-refused': EXIT.invalid,
  'artifact-conflict': EXIT.invalid,
  'encryption-failed': EXIT.invalid,
  'encryption-key-unknown': EXIT.invalid,
  'artifact-corrupt': EXIT.invalid,
  'checkpoint-corrupt': EXIT.invalid,
  'checkpoint-invalid': EXIT.invalid,
  'plan-hash-mismatch': EXIT.invalid,
  'receipt-broken': EXIT.invalid,
  'transaction-conflict': EXIT.invalid,
  'transaction-invalid': EXIT.invalid,
  'approval-denied': EXIT.approval,
  'approval-refused': EXIT.approval,
  'decision-refused': EXIT.approval,
  'target-locked': EXIT.invalid,
  'git-head-moved': EXIT.invalid,
  'git-in-progress': EXIT.invalid,
  'git-missing': EXIT.invalid,
  'store-quota-exceeded': EXIT.invalid,
  'action-not-applicable': EXIT.invalid,
  'server-too-old': EXIT.invalid,
  'monitor-invalid': EXIT.invalid,
  'monitor-not-found': EXIT.notFound,
  'service-state-not-found': EXIT.notFound,
  'breaker-not-found': EXIT.notFound,
  'bulk-not-found': EXIT.notFound,
  'drill-not-found': EXIT.notFound,
  'execution-not-found': EXIT.notFound,
  'artifact-not-found': EXIT.notFound,
  'checkpoint-not-found': EXIT.notFound,
  'recovery-not-found': EXIT.notFound,
  'run-not-found': EXIT.notFound,
  'heal-failed': EXIT.invalid,
  'failover-impossible': EXIT.invalid,
  'host-drained': EXIT.invalid,
  'host-failed-over': EXIT.invalid,
  'host-not-found': EXIT.notFound,
  'process-failed': EXIT.invalid,
  'process-not-found': EXIT.notFound,
  'process-start-limit': EXIT.invalid,
  'session-exists': EXIT.invalid,
  'session-not-found': EXIT.notFound,
  'session-unhealthy': EXIT.invalid,
  'transaction-not-found': EXIT.notFound,
  'server-unreachable': EXIT.unreachable,
  'server-not-found': EXIT.unreachable,
  'timed-out': EXIT.timeout,
};

export function exitCodeOf(error: unknown): number {
  return isRerailError(error) ? (OF_ERROR[error.code] ?? EXIT.unexpected) : EXIT.unexpected;
}

export function exitCodeOfRecovery(status: ClosedRecoveryStatus, errorCode?: string): number {
  if (errorCode === 'approval-denied') return EXIT.approval;
  return status === 'recovered' || status === 'partial' ? EXIT.done : EXIT.unrecovered;
}
