import { expect } from 'vitest';
import { RerailError } from '../../src/domain/errors.ts';

/** The error of ours that the work ends with. */
export async function failure(work: Promise<unknown>): Promise<RerailError> {
  const error = await work.then(
    () => new Error('it succeeded'),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(RerailError);
  return error as RerailError;
}
