import { RerailError } from '../domain/errors.ts';

/** The value of an option that is a whole number above 0. Throws `invalid-input`. */
export function parseLimit(text: string, option = '--limit', most = Number.MAX_SAFE_INTEGER): number {
  const limit = Number(text);
  if (Number.isInteger(limit) && limit > 0 && limit <= most) return limit;
  const upTo = most < Number.MAX_SAFE_INTEGER ? ` from 1 to ${most}` : ' above 0';
  throw new RerailError('invalid-input', `${option} ${text} is not a whole number${upTo}`, {
    remedy: `Write for example ${option} ${Math.min(20, most)}.`,
  });
}
