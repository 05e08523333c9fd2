import { canonicalJson, type Json } from './canonical-json.ts';
import { resolveTemplates, type TemplateScope } from './template.ts';

/** A value, mostly a template, and what it is compared with. Alone, it has to be something: not false, null, 0 or empty. */
export type Condition =
  string | { value: Json; equals?: Json | undefined; notEquals?: Json | undefined; in?: Json[] | undefined };

const same = (a: unknown, b: unknown): boolean => canonicalJson(a ?? null) === canonicalJson(b ?? null);

function isSomething(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === 0) return false;
  return typeof value !== 'string' || !['', 'false', '0', 'null'].includes(value.trim());
}

/** Whether the condition holds. A template that leads nowhere is nothing. It never runs code. */
export function holds(condition: Condition, scope: TemplateScope): boolean {
  if (typeof condition === 'string') return isSomething(resolveTemplates<unknown>(condition, scope));
  const { value, equals, notEquals, in: among } = condition;
  const resolved = resolveTemplates<unknown>(value, scope);
  if (equals !== undefined) return same(resolved, resolveTemplates<unknown>(equals, scope));
  if (notEquals !== undefined) return !same(resolved, resolveTemplates<unknown>(notEquals, scope));
  if (among !== undefined) return among.some((item) => same(resolved, resolveTemplates<unknown>(item, scope)));
  return isSomething(resolved);
}
