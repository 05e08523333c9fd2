import { isRerailError, RerailError } from '../../../domain/errors.ts';
import { toMs } from '../../../domain/duration.ts';
import type { Json } from '../../../domain/canonical-json.ts';
import type { CacheService } from '../../../domain/service.schema.ts';
import { commandEnvironment } from '../../../process/command-environment.ts';
import { findCommand } from '../../../process/find-command.ts';
import { runProcess } from '../../../process/run-process.ts';
import { callHttp } from '../../http.ts';
import { awaitCache, withCache } from '../open-redis.ts';
import { refused } from '../service-context.ts';
import { createJudge } from './judge-entry.ts';

export interface RebuiltCache {
  loaded: number;
  written: number;
  /** Were there, and kept their value. */
  present: number;
}

type Loader = NonNullable<CacheService['load']>;

const BATCH = 100;
const OUTPUT_BYTES = 64 * 1024 * 1024;

const broken = (why: string, remedy: string): RerailError =>
  new RerailError('invalid-input', `the loader of the cache ${why}`, { remedy, nonRetryable: true });

async function runLoader({ command, timeout }: Loader): Promise<Json> {
  const folder = process.cwd();
  const { env } = await commandEnvironment({});
  const [word = '', ...words] = command ?? [];
  const file = await findCommand(word, folder, env['PATH']);
  const ended = await runProcess({
    argv: [file, ...words],
    cwd: folder,
    env,
    timeoutMs: toMs(timeout),
    maxOutputBytes: OUTPUT_BYTES,
    leavesNothing: true,
  });
  if (ended.exitCode !== 0 || ended.truncated) {
    throw new RerailError('command-failed', `the loader of the cache ended with exit code ${ended.exitCode}`, {
      remedy: 'Run it by hand and mend it.',
      details: { exitCode: ended.exitCode, timedOut: ended.timedOut, truncated: ended.truncated },
    });
  }
  try {
    return JSON.parse(ended.stdout.toString('utf8')) as Json;
  } catch {
    throw broken('prints no JSON', 'Print one JSON object of key and value, and nothing else, on stdout.');
  }
}

async function load(loader: Loader, key: string): Promise<[string, string][]> {
  const { http, timeout, maxEntries } = loader;
  const answer = http
    ? ((await callHttp({ operation: { kind: 'http', timeout, ...http }, key })).output ?? null)
    : await runLoader(loader);
  if (typeof answer !== 'object' || answer === null || Array.isArray(answer))
    throw broken('gives no JSON object of key and value', 'Answer with one JSON object.');
  const entries = Object.entries(answer);
  if (entries.length > maxEntries)
    throw broken(`gives ${entries.length} entries, more than ${maxEntries}`, 'Raise service.cache.load.maxEntries.');
  return entries.map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]);
}

/** Every entry is under a named prefix and whole, before the first one is written. */
function checkLoaded(spec: CacheService, loader: Loader, entries: readonly [string, string][]): void {
  const rules = spec.entries.map((rule) => ({ prefix: rule.prefix, judge: createJudge(rule) }));
  const ttlMs = loader.ttl === undefined ? -1 : toMs(loader.ttl);
  for (const [key, value] of entries) {
    const fitting = rules.filter(({ prefix }) => key.startsWith(prefix));
    if (fitting.length === 0)
      throw refused(`the loader gives the key ${JSON.stringify(key)}`, 'Name its prefix in service.cache.entries.');
    const problem = fitting.map(({ judge }) => judge({ type: 'string', value, ttlMs })).find((found) => found);
    if (problem !== undefined) throw broken(`gives ${JSON.stringify(key)}, and ${problem}`, 'Mend the loader.');
  }
}

/**
 * Fills in what the loader knows and the cache has not (requirement 4.5); values that are there stay. Undo: none, an entry that
 * is whole does no harm. Throws `service-refused`, `invalid-input`, `command-failed`, `http-failed`.
 */
export async function rebuildCache(
  spec: CacheService,
  { key, signal }: { key: string; signal: AbortSignal },
): Promise<RebuiltCache> {
  const { load: loader } = spec;
  if (!loader) throw refused('the component has no loader', 'Name one in service.cache.load.');
  const entries = await load(loader, key);
  checkLoaded(spec, loader, entries);
  await awaitCache(spec, signal);
  return withCache(spec, signal, async (client) => {
    let written = 0;
    for (let from = 0; from < entries.length; from += BATCH) {
      const pipeline = client.pipeline();
      for (const [name, value] of entries.slice(from, from + BATCH)) {
        if (loader.ttl === undefined) pipeline.set(name, value, 'NX');
        else pipeline.set(name, value, 'PX', Math.max(1, toMs(loader.ttl)), 'NX');
      }
      for (const [error, answer] of (await pipeline.exec()) ?? []) {
        if (error) throw isRerailError(error) ? error : new Error(error.message, { cause: error });
        if (answer === 'OK') written += 1;
      }
    }
    return { loaded: entries.length, written, present: entries.length - written };
  });
}
