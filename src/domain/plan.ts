import type { Plan } from './plan.schema.ts';
export type { Brake, Plan } from './plan.schema.ts';

/**
 * Whether another playbook may be tried when this plan does not help. A playbook of the user's own ends as it says, unless
 * it asks for more: what comes after it might do again what its author meant to happen once.
 */
export const mayFailOver = ({ failover, playbook }: Pick<Plan, 'failover' | 'playbook'>): boolean =>
  failover === undefined ? playbook.source !== 'user' : failover !== 'off';

/** What people type and read instead of 64 digits; approvals accept it. */
export const shortHash = (hash: string): string => hash.slice(0, 12);

/** An approval may name the plan by a prefix of at least 8 digits. */
export function namesPlan(given: string, hash: string): boolean {
  return given.length >= 8 && hash.startsWith(given);
}
