import { canonicalJson } from '../domain/canonical-json.ts';
import type { Plan } from '../domain/plan.ts';

/** Digest of a UTF-8 text as hexadecimal digits; handed in, since this folder is free of Node. */
export type Sha256 = (text: string) => string;

/** An approval is bound to this: everything but the plan's name tag and the time it was made. */
export function hashPlan(plan: Omit<Plan, 'hash'>, sha256: Sha256): string {
  const { id: _id, createdAt: _createdAt, ...content } = plan;
  return sha256(canonicalJson(content));
}
