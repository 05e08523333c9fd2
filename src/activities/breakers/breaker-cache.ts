import { randomUUID } from 'node:crypto';
import {
  admitsAll,
  type Admission,
  type BreakerAnswer,
  type BreakerPort,
  type CallResult,
} from '../../domain/breaker.ts';

export interface BreakerCacheOptions {
  port: BreakerPort;
  /** Who reports, such as the host. */
  by: string;
  /** What is known of a breaker is good for so long, in milliseconds; after half of it, it is asked for in passing. */
  maxAgeMs?: number;
  /** A report waits for so long at most, in milliseconds, and for so many results. */
  flushMs?: number;
  flushSize?: number;
  now?: () => number;
  /** Told of a report in the background that failed; it is sent again with the next one. */
  onError?: (name: string, error: unknown) => void;
}

interface Report extends CallResult {
  generation: number;
  leaseId?: string | undefined;
}

/** Results of calls that were made in one state of the breaker. */
interface Batch {
  generation: number;
  results: CallResult[];
}

interface Entry {
  answer?: BreakerAnswer;
  answeredAt: number;
  buffer: Batch;
  /** A report under way or not acknowledged; sent again under the same id. */
  unsent?: { id: string } & Batch;
  flushing?: Promise<void> | undefined;
  timer?: NodeJS.Timeout | undefined;
}

const KEPT_RESULTS = 1000;

/**
 * What a worker's process knows of the breakers, so that a closed one costs no round trip for each call: it decides and
 * counts here and reports in batches. It learns of a change at the latest `maxAgeMs` after it, by the answers to its
 * reports and by asking anew while the breaker is in use.
 */
export function createBreakerCache(options: BreakerCacheOptions) {
  const { port, by, maxAgeMs = 2000, flushMs = 1000, flushSize = 50, now = Date.now, onError } = options;
  const entries = new Map<string, Entry>();
  let closed = false;
  const entryOf = (name: string): Entry => {
    const known = entries.get(name);
    if (known) return known;
    const entry: Entry = { answeredAt: Number.NEGATIVE_INFINITY, buffer: { generation: 0, results: [] } };
    entries.set(name, entry);
    return entry;
  };
  const learn = (entry: Entry, answer: BreakerAnswer): void => {
    const known = entry.answer?.generation ?? 0;
    // Answers may overtake each other; but what is lower than something old comes from a breaker that was begun anew.
    if (answer.generation < known && ageOf(entry) <= maxAgeMs) return;
    // What was counted in an earlier state counts no more.
    if (answer.generation > entry.buffer.generation || answer.generation < known)
      entry.buffer = { generation: answer.generation, results: [] };
    entry.answer = answer;
    entry.answeredAt = now();
  };
  const hasNews = ({ buffer, unsent }: Entry): boolean => buffer.results.length > 0 || unsent !== undefined;
  const ageOf = (entry: Entry): number => now() - entry.answeredAt;

  async function send(name: string, entry: Entry): Promise<void> {
    clearTimeout(entry.timer);
    entry.timer = undefined;
    if (!entry.unsent) {
      entry.unsent = { id: randomUUID(), ...entry.buffer };
      entry.buffer = { ...entry.buffer, results: [] };
    }
    learn(entry, await port.report(name, { by, ...entry.unsent }));
    delete entry.unsent;
  }
  /** Sends what is buffered, or nothing, which only asks. One at a time. */
  function flush(name: string, entry: Entry): Promise<void> {
    entry.flushing ??= send(name, entry).finally(() => {
      entry.flushing = undefined;
      if (hasNews(entry) && !closed) flushLater(name, entry);
    });
    return entry.flushing;
  }
  const inBackground = (name: string, entry: Entry): void => {
    flush(name, entry).catch((error: unknown) => {
      if (!closed) onError?.(name, error);
    });
  };
  function flushLater(name: string, entry: Entry): void {
    entry.timer ??= setTimeout(() => {
      entry.timer = undefined;
      if (hasNews(entry)) inBackground(name, entry);
    }, flushMs).unref();
  }

  /** The answer that can be given without asking anybody. */
  function decide(entry: Entry): Admission | undefined {
    const { answer } = entry;
    if (!answer || ageOf(entry) > maxAgeMs) return undefined;
    if (admitsAll(answer.state)) return { ...answer, permitted: true };
    if (answer.state === 'HALF_OPEN') return undefined;
    if (answer.retryAfterMs === null || answer.retryAfterMs === undefined)
      return { ...answer, permitted: false, retryAfterMs: null };
    const retryAfterMs = answer.retryAfterMs - ageOf(entry);
    return retryAfterMs > 0 ? { ...answer, permitted: false, retryAfterMs } : undefined;
  }

  return {
    /** May the call with this key be made? A lease is good for so many milliseconds. */
    async acquire(name: string, call: { key: string; by: string; leaseMs: number }): Promise<Admission> {
      const entry = entryOf(name);
      const decided = decide(entry);
      if (decided) {
        if (ageOf(entry) > maxAgeMs / 2) inBackground(name, entry);
        return decided;
      }
      const admission = await port.acquire(name, call);
      const { permitted: _permitted, leaseId: _leaseId, ...answer } = admission;
      learn(entry, answer);
      return admission;
    },
    /** How a call went. With a lease it is sent at once, else with the next batch. */
    async report(name: string, { generation, leaseId, ...result }: Report): Promise<void> {
      const entry = entryOf(name);
      if (leaseId !== undefined) {
        const id = `${leaseId}/result`;
        learn(entry, await port.report(name, { id, by, generation, leaseId, results: [result] }));
        return;
      }
      // Calls of an earlier state do not count. Where the call was admitted by another process, its state may be newer.
      if (generation < entry.buffer.generation) return;
      const earlier = generation === entry.buffer.generation ? entry.buffer.results : [];
      const results = [...earlier, result].slice(-KEPT_RESULTS);
      entry.buffer = { generation, results };
      const failures = results.filter(({ ok }) => !ok).length;
      // Enough to open it by themselves, or many: others should hear of them now.
      if (failures >= (entry.answer?.minimumNumberOfCalls ?? 1) || results.length >= flushSize)
        inBackground(name, entry);
      else flushLater(name, entry);
    },
    /** Gives a lease back unused. */
    async release(name: string, { generation, leaseId }: { generation: number; leaseId: string }): Promise<void> {
      const id = `${leaseId}/release`;
      learn(entryOf(name), await port.report(name, { id, by, generation, leaseId, results: [] }));
    },
    /** After a change by hand: asks anew at the next call. */
    forget(name: string): void {
      entryOf(name).answeredAt = Number.NEGATIVE_INFINITY;
    },
    /**
     * Sends what is left without waiting for an answer: the worker that would give it may be the one that stops. What
     * was under way may arrive twice and is counted once.
     */
    async close(): Promise<void> {
      closed = true;
      for (const [name, { unsent, buffer, timer }] of entries) {
        clearTimeout(timer);
        const rest = buffer.results.length > 0 ? [{ id: randomUUID(), ...buffer }] : [];
        try {
          for (const batch of [...(unsent ? [unsent] : []), ...rest]) await port.post(name, { by, ...batch });
        } catch (error) {
          onError?.(name, error);
        }
      }
      entries.clear();
    },
  };
}

export type BreakerCache = ReturnType<typeof createBreakerCache>;
