import { isTemplate, resolveTemplates } from './template.ts';

/** Puts values in the place of their templates. In a list, as in the words of a command, all of them are text. */
export function resolveLate<T>(value: T, inputs: object): T {
  const visit = (item: unknown): unknown => {
    if (Array.isArray(item))
      return item.map((one: unknown) => (isTemplate(one) ? String(resolveTemplates(one, { inputs })) : visit(one)));
    if (typeof item === 'object' && item !== null)
      return Object.fromEntries(Object.entries(item).map(([key, child]) => [key, visit(child)]));
    return resolveTemplates(item, { inputs });
  };
  return visit(value) as T;
}
