import { ApplicationFailure } from '@temporalio/common';

/** Why a channel did not take a message. Never holds the address or a secret. */
export class DeliveryError extends Error {
  override readonly name = 'DeliveryError';
  readonly permanent: boolean;
  readonly retryAfterMs: number | undefined;

  constructor(
    message: string,
    { permanent = false, retryAfterMs }: { permanent?: boolean; retryAfterMs?: number | undefined } = {},
  ) {
    super(message);
    this.permanent = permanent;
    this.retryAfterMs = retryAfterMs;
  }
}

/** A channel may ask for a pause, but not for one beyond what the message is worth. */
const LONGEST_PAUSE_MS = 3_600_000;

/** The wire form: Temporal tries again, after the pause that the channel has asked for. */
export function toFailure(channel: string, { message, permanent, retryAfterMs }: DeliveryError): ApplicationFailure {
  return ApplicationFailure.create({
    message: `channel ${channel}: ${message}`,
    type: 'notification-failed',
    nonRetryable: permanent,
    ...(retryAfterMs === undefined ? {} : { nextRetryDelay: Math.min(retryAfterMs, LONGEST_PAUSE_MS) }),
  });
}
