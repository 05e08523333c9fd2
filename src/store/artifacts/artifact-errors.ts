import { RerailError } from '../../domain/errors.ts';

export const artifactCorrupt = (what: string, problem: string): RerailError =>
  new RerailError('artifact-corrupt', `The stored content of ${what} is ${problem}`, {
    remedy: 'Save the same content again where it still exists: that mends it. Else choose another version.',
    details: { problem },
    nonRetryable: true,
  });

export const artifactNotFound = (message: string): RerailError =>
  new RerailError('artifact-not-found', message, {
    remedy: 'List what there is with `rerail artifact list`.',
    nonRetryable: true,
  });
