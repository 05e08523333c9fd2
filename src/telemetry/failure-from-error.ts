import { readError, type ErrorFields } from '../domain/failure-from-error.ts';
import { createRedactor } from './redact.ts';

const redact = createRedactor();

/**
 * The fields of a failure that any thrown value tells, bounded and with what looks like a secret masked. Add the target:
 * `recoveries.start({ target: 'service/orders', ...failureFromError(error) })`. Never throws.
 */
export function failureFromError(error: unknown): ErrorFields {
  return readError(error, { redact, now: Date.now() });
}
