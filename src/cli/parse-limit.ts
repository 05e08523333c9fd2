import { RerailError } from '../domain/errors.ts';

/** The value of `--limit`. Throws `invalid-input`. */
export function parseLimit(text: string): number {
  const limit = Number(text);
  if (Number.isInteger(limit) && limit > 0) return limit;
  throw new RerailError('invalid-input', `--limit ${text} is not a whole number above 0`, {
    remedy: 'Write for example --limit 20.',
  });
}
