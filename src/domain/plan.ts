export type { Plan } from './plan.schema.ts';

/** What people type and read instead of 64 digits; approvals accept it. */
export const shortHash = (hash: string): string => hash.slice(0, 12);

/** An approval may name the plan by a prefix of at least 8 digits. */
export function namesPlan(given: string, hash: string): boolean {
  return given.length >= 8 && hash.startsWith(given);
}
