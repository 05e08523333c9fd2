import { z } from 'zod';
import { resolveLate } from './late-values.ts';
import { isTemplate } from './template.ts';

/** What stands in for the values that only a running drill knows, so that the rest can be checked before. */
const STAND_IN = {
  sandbox: '/sandbox',
  secrets: '/secrets',
  socket: '/socket',
  rerail: '/rerail',
  host: 'host',
  subject: 'drill/stand-in',
};
const PORT = /\{\{\s*inputs\.ports\.([\w-]+)\s*\}\}/g;
const COMPONENT = /\{\{\s*inputs\.components\.([\w-]+)\s*\}\}/g;

const namesIn = (pattern: RegExp, text: string): string[] => [...text.matchAll(pattern)].map((match) => match[1] ?? '');

/** The value with a stand-in for each template. */
function standIn(value: unknown): unknown {
  const text = JSON.stringify(value ?? null);
  const all = (pattern: RegExp, stand: unknown) =>
    Object.fromEntries(namesIn(pattern, text).map((name) => [name, stand]));
  return resolveLate(value, { ...STAND_IN, ports: all(PORT, 1), components: all(COMPONENT, 'component') });
}

/** The parsed value, with its defaults, and the templates again where they were. */
function putBack(parsed: unknown, raw: unknown): unknown {
  if (isTemplate(raw)) return raw;
  if (Array.isArray(parsed) && Array.isArray(raw)) return parsed.map((item, index) => putBack(item, raw[index]));
  if (typeof parsed !== 'object' || parsed === null || typeof raw !== 'object' || raw === null) return parsed;
  const given = raw as Record<string, unknown>;
  return Object.fromEntries(
    Object.entries(parsed).map(([key, item]) => [key, Object.hasOwn(given, key) ? putBack(item, given[key]) : item]),
  );
}

/**
 * Takes `{{ inputs.ports.NAME }}`, `{{ inputs.sandbox }}` and the like where a number, an address or a path belongs. All else is
 * checked now; what comes out still has the templates.
 */
export function withLateValues<Schema extends z.ZodType>(schema: Schema) {
  // A parse is synchronous, so what the first step has seen is of the same value when the last one begins.
  let raw: unknown;
  const seen = z.preprocess((value) => {
    raw = value;
    return standIn(value);
  }, schema);
  return seen.transform((parsed) => putBack(parsed, raw) as z.output<Schema>);
}
