import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createBreakerCache } from '../../../src/activities/breakers/breaker-cache.ts';
import type { Admission, BreakerAnswer, ReportInput } from '../../../src/domain/breaker.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const closed = (generation = 1): BreakerAnswer => ({ state: 'CLOSED', generation, minimumNumberOfCalls: 5 });
const open = (generation = 2, retryAfterMs: number | null = 60_000): BreakerAnswer => ({
  ...closed(generation),
  state: 'OPEN',
  retryAfterMs,
});
const good = { ok: true, durationMs: 1, generation: 1 };
const bad = { ...good, ok: false };
const who = { key: 'k', by: 'ada', leaseMs: 1000 };

/** A port that answers as `now` says and writes down what it was asked. */
function scene(more: { onError?: (name: string, error: unknown) => void } = {}) {
  const asked: string[] = [];
  const reports: ReportInput[] = [];
  const posted: ReportInput[] = [];
  const now: { answer: BreakerAnswer; leaseId?: string; fails?: boolean; hangs?: boolean } = { answer: closed() };
  const cache = createBreakerCache({
    by: 'host',
    ...more,
    port: {
      acquire(name): Promise<Admission> {
        asked.push(name);
        const permitted = now.answer.state === 'CLOSED' || now.leaseId !== undefined;
        return Promise.resolve({ ...now.answer, permitted, ...(now.leaseId ? { leaseId: now.leaseId } : {}) });
      },
      post(_name, input) {
        posted.push(input);
        return Promise.resolve();
      },
      report(_name, input) {
        reports.push(input);
        if (now.hangs) return new Promise(() => undefined);
        return now.fails ? Promise.reject(new Error('unreachable')) : Promise.resolve(now.answer);
      },
    },
  });
  return { cache, asked, reports, posted, now };
}

describe('what a worker knows of the breakers', () => {
  test('a closed breaker is asked once, and then in passing while it is in use', async () => {
    const { cache, asked, reports } = scene();
    for (let call = 0; call < 100; call++) {
      expect((await cache.acquire('db', who)).permitted).toBe(true);
      await vi.advanceTimersByTimeAsync(50);
    }
    expect(asked).toEqual(['db']);
    expect(reports.length).toBeGreaterThanOrEqual(3);
    expect(reports.length).toBeLessThanOrEqual(6);
  });

  test('what is known is too old after a pause, and is asked for anew', async () => {
    const { cache, asked } = scene();
    await cache.acquire('db', who);
    await vi.advanceTimersByTimeAsync(2001);
    await cache.acquire('db', who);
    expect(asked).toHaveLength(2);
  });

  test('results go out in one report, in their order, after a second', async () => {
    const { cache, reports } = scene();
    await cache.acquire('db', who);
    for (const result of [good, bad, good]) await cache.report('db', result);
    expect(reports).toEqual([]);
    await vi.advanceTimersByTimeAsync(1000);
    expect(reports.map(({ results }) => results.map(({ ok }) => ok))).toEqual([[true, false, true]]);
    await vi.advanceTimersByTimeAsync(5000);
    expect(reports).toHaveLength(1);
  });

  test('so many failures that they open it by themselves go out at once, and the answer closes the door', async () => {
    const { cache, asked, reports, now } = scene();
    await cache.acquire('db', who);
    now.answer = open();
    for (let call = 0; call < 5; call++) await cache.report('db', bad);
    await vi.advanceTimersByTimeAsync(0);
    expect(reports).toHaveLength(1);
    expect(await cache.acquire('db', who)).toMatchObject({ permitted: false, state: 'OPEN', retryAfterMs: 60_000 });
    expect(asked).toHaveLength(1);
  });

  test('another worker’s opening is learned within two seconds of use', async () => {
    const { cache, now } = scene();
    await cache.acquire('db', who);
    now.answer = open();
    let waited = 0;
    while ((await cache.acquire('db', who)).permitted) {
      await vi.advanceTimersByTimeAsync(100);
      waited += 100;
    }
    expect(waited).toBeLessThanOrEqual(2000);
  });

  test('an open one is asked again when its time has come, and a lease is reported at once', async () => {
    const { cache, asked, reports, now } = scene();
    now.answer = open(2, 500);
    expect((await cache.acquire('db', who)).permitted).toBe(false);
    await vi.advanceTimersByTimeAsync(499);
    expect(await cache.acquire('db', who)).toMatchObject({ permitted: false, retryAfterMs: 1 });
    await vi.advanceTimersByTimeAsync(1);
    now.answer = { ...closed(3), state: 'HALF_OPEN', retryAfterMs: 1000 };
    now.leaseId = 'lease';
    expect(await cache.acquire('db', who)).toMatchObject({ permitted: true, leaseId: 'lease' });
    expect(asked).toHaveLength(2);
    await cache.report('db', { ...good, generation: 3, leaseId: 'lease' });
    expect(reports.at(-1)).toMatchObject({ leaseId: 'lease', generation: 3, results: [{ ok: true, durationMs: 1 }] });
    await cache.release('db', { generation: 3, leaseId: 'lease' });
    expect(reports.at(-1)).toMatchObject({ leaseId: 'lease', results: [] });
  });

  test('results of an earlier state are not sent, those of a newer one are, as such', async () => {
    const { cache, reports, now } = scene();
    await cache.acquire('db', who);
    await cache.report('db', good);
    now.answer = closed(3);
    cache.forget('db');
    await cache.acquire('db', who);
    await cache.report('db', good);
    await vi.advanceTimersByTimeAsync(1000);
    expect(reports).toEqual([]);
    // Admitted by another process, which knows of a newer state.
    await cache.report('db', { ...bad, generation: 5 });
    await vi.advanceTimersByTimeAsync(1000);
    expect(reports.map(({ generation, results }) => [generation, results.length])).toEqual([[5, 1]]);
  });

  test('a breaker that was begun anew is believed, once what was known is old', async () => {
    const { cache, reports, now } = scene();
    now.answer = open(7);
    await cache.acquire('db', who);
    now.answer = closed(1);
    await vi.advanceTimersByTimeAsync(2001);
    expect(await cache.acquire('db', who)).toMatchObject({ permitted: true, generation: 1 });
    await cache.report('db', good);
    await vi.advanceTimersByTimeAsync(1000);
    expect(reports.map(({ generation, results }) => [generation, results.length])).toEqual([[1, 1]]);
  });

  test('a report that failed is sent again under the same id, and the error is told', async () => {
    const told: string[] = [];
    const { cache, reports, now } = scene({ onError: (name, error) => told.push(`${name}: ${String(error)}`) });
    await cache.acquire('db', who);
    now.fails = true;
    await cache.report('db', good);
    await vi.advanceTimersByTimeAsync(1000);
    now.fails = false;
    await cache.report('db', bad);
    await vi.advanceTimersByTimeAsync(5000);
    expect(told).toEqual(['db: Error: unreachable']);
    expect(reports.map(({ results }) => results.map(({ ok }) => ok))).toEqual([[true], [true], [false]]);
    expect(reports[1]?.id).toBe(reports[0]?.id);
    expect(reports[2]?.id).not.toBe(reports[0]?.id);
  });

  test('what is left is sent when the worker stops, also what was under way, and nobody waits for an answer', async () => {
    const { cache, reports, posted, now } = scene();
    await cache.acquire('db', who);
    await cache.report('db', good);
    now.hangs = true;
    await vi.advanceTimersByTimeAsync(1000);
    await cache.report('db', bad);
    await cache.close();
    expect(posted.map(({ results }) => results.map(({ ok }) => ok))).toEqual([[true], [false]]);
    expect(posted[0]?.id).toBe(reports[0]?.id);
    await vi.advanceTimersByTimeAsync(5000);
    expect(reports).toHaveLength(1);
  });
});
