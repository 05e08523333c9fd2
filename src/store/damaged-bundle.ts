import { RerailError } from '../domain/errors.ts';

export function damagedBundle(id: string, why: string, cause?: unknown): RerailError {
  return new RerailError('checkpoint-corrupt', `The bundle of checkpoint ${id} is damaged or not one: ${why}`, {
    remedy: 'Take another copy of it; nothing of this one was stored.',
    details: { checkpointId: id },
    nonRetryable: true,
    ...(cause === undefined ? {} : { cause }),
  });
}
