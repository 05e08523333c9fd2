/** What a template may read. It never runs code. */
export interface TemplateScope {
  failure?: unknown;
  inputs?: unknown;
  actions?: Record<string, { output?: unknown }>;
  /** Of a protected run: its data, and what its steps put out. */
  context?: unknown;
  steps?: Record<string, { output?: unknown }>;
  /** In rules that say what alerts mean. */
  alert?: unknown;
}

const WHOLE = /^\{\{\s*([\w.-]+)\s*\}\}$/;
const PART = /\{\{\s*([\w.-]+)\s*\}\}/g;

export const isTemplate = (value: unknown): boolean => typeof value === 'string' && value.includes('{{');

function lookUp(path: string, scope: TemplateScope): unknown {
  let value: unknown = scope;
  for (const key of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}

/** The paths of all templates in a JSON value, in order. */
export function templatePaths(value: unknown): string[] {
  if (typeof value === 'string') return [...value.matchAll(PART)].map((match) => match[1] ?? '');
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(templatePaths);
}

/**
 * Replaces `{{ failure.x }}`, `{{ inputs.x }}` and `{{ actions.<id>.output.x }}` throughout a JSON value. A string that
 * is one template keeps the type of what it names. Names outside the given scope are left as they are, so that a plan
 * resolves `failure` and `inputs` and a running recovery the rest; `missing` collects those that lead nowhere.
 */
export function resolveTemplates<T>(value: T, scope: TemplateScope, missing: string[] = []): T {
  const resolveName = (path: string, raw: string): unknown => {
    const root = path.split('.')[0] as keyof TemplateScope;
    if (scope[root] === undefined) return raw;
    const found = lookUp(path, scope);
    if (found === undefined) missing.push(path);
    return found;
  };
  const visit = (item: unknown): unknown => {
    if (Array.isArray(item)) return item.map(visit);
    if (typeof item === 'object' && item !== null) {
      return Object.fromEntries(Object.entries(item).map(([key, child]) => [key, visit(child)]));
    }
    if (typeof item !== 'string') return item;
    const whole = WHOLE.exec(item);
    if (whole) return resolveName(whole[1]!, item);
    return item.replace(PART, (raw, path: string) => {
      const found = resolveName(path, raw);
      return typeof found === 'string' ? found : (JSON.stringify(found) ?? '');
    });
  };
  return visit(value) as T;
}
