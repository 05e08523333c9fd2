import { createHash } from 'node:crypto';
import { z } from 'zod';
import { canonicalJson, type Json } from '../../../domain/canonical-json.ts';
import { toMs } from '../../../domain/duration.ts';
import type { EntryRule } from '../../../domain/service.schema.ts';

export interface Entry {
  type: string;
  /** Of a string. */
  value: string | null;
  /** Milliseconds; -1: it never expires. */
  ttlMs: number;
}

export type JudgeEntry = (entry: Entry) => string | undefined;

function checksumProblem(field: string, value: Json): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'it is no JSON object';
  const { [field]: told, ...rest } = value;
  const found = createHash('sha256').update(canonicalJson(rest)).digest('hex');
  return told === found ? undefined : `its checksum in ${JSON.stringify(field)} does not fit`;
}

/** What is wrong with an entry by this rule; undefined when it is whole. */
export function createJudge({ json, schema, checksumField, maxTtl }: EntryRule): JudgeEntry {
  const shape = schema && z.fromJSONSchema(schema);
  const readsValue = json || shape !== undefined || checksumField !== undefined;
  return ({ type, value, ttlMs }) => {
    if (maxTtl !== undefined) {
      if (ttlMs < 0) return 'it never expires';
      if (ttlMs > toMs(maxTtl)) return `it expires later than in ${maxTtl}`;
    }
    if (!readsValue) return undefined;
    if (type !== 'string' || value === null) return `it is a ${type}, not a string`;
    let parsed: Json;
    try {
      parsed = JSON.parse(value) as Json;
    } catch {
      return 'it is no JSON';
    }
    const fits = shape?.safeParse(parsed);
    if (fits && !fits.success) {
      const [issue] = fits.error.issues;
      return `it does not fit the schema: ${issue?.path.map(String).join('.') ?? ''}: ${issue?.message ?? ''}`;
    }
    return checksumField === undefined ? undefined : checksumProblem(checksumField, parsed);
  };
}
