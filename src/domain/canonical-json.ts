/** A JSON value: what travels between processes and into checkpoints. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== 'object' || value === null) return value;
  const record = value as Record<string, unknown>;
  const sorted: [string, unknown][] = Object.keys(record)
    .sort()
    .map((key) => [key, sortKeys(record[key])]);
  return Object.fromEntries(sorted);
}

/** JSON with sorted keys, so that equal data has equal text and therefore an equal digest (requirement 1.4). */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(sortKeys(JSON.parse(JSON.stringify(value ?? null))));
}
