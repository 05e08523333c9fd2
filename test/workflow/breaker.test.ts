import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createBreakerCache } from '../../src/activities/breakers/breaker-cache.ts';
import type { BreakerSettings } from '../../src/domain/breaker.ts';
import { breakerId, WORKFLOW_TYPES } from '../../src/domain/wire-names.ts';
import type { CircuitBreakerInput } from '../../src/workflows/circuit-breaker.ts';
import { failure } from '../support/rejection.ts';
import { until } from '../support/harness.ts';
import { newHarnessForEach } from '../support/new-harness.ts';

const harness = newHarnessForEach('');
const hand = { by: 'ada', reason: 'a test' };
const failed = (times: number) => Array.from({ length: times }, () => ({ ok: false, durationMs: 1 }));
const key = () => ({ key: randomUUID(), by: 'ada', leaseMs: 60_000 });

/** A breaker of its own that is open at once, with these settings. */
async function opened(settings: Partial<BreakerSettings>): Promise<string> {
  const { breakers } = harness.recoveries;
  const name = `db-${randomUUID().slice(0, 8)}`;
  await breakers.configure(name, { ...hand, settings });
  const { state } = await breakers.report(name, { id: randomUUID(), by: 'a', generation: 1, results: failed(5) });
  expect(state).toBe('OPEN');
  return name;
}

describe('a circuit breaker', () => {
  it('appears with its first use and opens by what several workers report', async () => {
    const { breakers } = harness.recoveries;
    const name = `db-${harness.host}`;
    expect(await failure(breakers.status(name))).toMatchObject({ code: 'breaker-not-found' });
    expect(await breakers.isDegraded(name)).toBe(false);
    const [first, second] = ['one', 'two'].map((by) => createBreakerCache({ port: breakers, by, flushMs: 5 }));
    const { generation } = await first!.acquire(name, key());
    await second!.acquire(name, key());
    for (const cache of [first, second, first, second, first])
      await cache!.report(name, { ok: false, durationMs: 1, generation });
    const status = await until(async () => {
      const seen = await breakers.status(name);
      return seen.state === 'OPEN' && seen;
    }, 'the opening');
    expect(status).toMatchObject({ degraded: true, lastChange: { by: 'breaker', from: 'CLOSED' } });
    expect(Date.parse(status.nextTryAt!) - Date.parse(status.since)).toBe(60_000);
    // Neither of them has to be told by anybody but the answers to its own reports.
    await until(async () => !(await first!.acquire(name, key())).permitted, 'the first to know');
    await until(async () => !(await second!.acquire(name, key())).permitted, 'the second to know');
    await until(
      async () => (await breakers.list()).some((row) => row.name === name && row.state === 'OPEN'),
      'the list',
    );
    await Promise.all([first!.close(), second!.close()]);
  });

  it('lets as many through in half-open as are permitted, and closes by what they report', async () => {
    const { breakers } = harness.recoveries;
    const name = await opened({ waitDurationInOpenState: '1ms', permittedNumberOfCallsInHalfOpenState: 2 });
    await until(async () => (await breakers.status(name)).state === 'HALF_OPEN', 'the transition by itself');
    const answers = await Promise.all(Array.from({ length: 12 }, () => breakers.acquire(name, key())));
    const leases = answers.filter(({ permitted }) => permitted);
    expect(leases).toHaveLength(2);
    for (const { generation, leaseId } of leases)
      await breakers.report(name, {
        id: randomUUID(),
        by: 'a',
        generation,
        leaseId,
        results: [{ ok: true, durationMs: 1 }],
      });
    expect(await breakers.status(name)).toMatchObject({ state: 'CLOSED', degraded: false, leases: [] });
  });

  it('takes back the lease of a holder that is gone', async () => {
    const { breakers } = harness.recoveries;
    const name = await opened({ waitDurationInOpenState: '1ms' });
    const held = await until(async () => {
      const answer = await breakers.acquire(name, { ...key(), leaseMs: 300 });
      return answer.permitted && answer;
    }, 'a lease');
    expect((await breakers.acquire(name, key())).permitted).toBe(false);
    const next = await until(async () => {
      const answer = await breakers.acquire(name, key());
      return answer.permitted && answer;
    }, 'the lease to lapse');
    expect(next.leaseId).not.toBe(held.leaseId);
    const late = {
      id: randomUUID(),
      by: 'gone',
      generation: held.generation,
      leaseId: held.leaseId,
      results: failed(1),
    };
    expect((await breakers.report(name, late)).state).toBe('HALF_OPEN');
  });

  it('stays as a person has set it until that is released, and remembers who and why', async () => {
    const { breakers } = harness.recoveries;
    const name = `db-${harness.host}`;
    expect(await breakers.forceOpen(name, hand)).toMatchObject({ state: 'FORCED_OPEN', degraded: true });
    expect(await breakers.acquire(name, key())).toMatchObject({ permitted: false, retryAfterMs: null });
    expect(await breakers.forceClose(name, { ...hand, mode: 'METRICS_ONLY' })).toMatchObject({ degraded: false });
    const { generation } = await breakers.acquire(name, key());
    await breakers.report(name, { id: randomUUID(), by: 'a', generation, results: failed(9) });
    expect(await breakers.status(name)).toMatchObject({ state: 'METRICS_ONLY', counts: { failed: 5 } });
    const { changes, state } = await breakers.reset(name, { by: 'bob', reason: 'mended' });
    expect(state).toBe('CLOSED');
    expect(changes.map(({ to, by }) => `${to} ${by}`)).toEqual(['FORCED_OPEN ada', 'METRICS_ONLY ada', 'CLOSED bob']);
  });

  it('counts a report once, and one by signal as well', async () => {
    const { breakers } = harness.recoveries;
    const name = `db-${harness.host}`;
    const { generation } = await breakers.acquire(name, key());
    const report = { id: 'r1', by: 'a', generation, results: failed(2) };
    await breakers.report(name, report);
    await breakers.post(name, report);
    await breakers.post(name, { ...report, id: 'r2', results: failed(1) });
    await harness.client.workflow.getHandle(breakerId(name)).signal('report', { nonsense: true });
    expect((await breakers.status(name)).counts).toMatchObject({ calls: 3, failed: 3 });
  });

  it('refuses what does not say who and why, or has the wrong shape, and changes nothing', async () => {
    const { breakers } = harness.recoveries;
    const name = `db-${harness.host}`;
    await breakers.acquire(name, key());
    const raw = harness.client.workflow.getHandle(breakerId(name));
    const refused: [string, object, RegExp][] = [
      ['forceOpen', { reason: 'x' }, /"by"/],
      ['forceClose', { by: 'ada', reason: ' ' }, /"reason"/],
      ['forceClose', { ...hand, mode: 'OPEN' }, /"mode"/],
      ['reset', { by: 'ada' }, /"reason"/],
      ['configure', { ...hand, settings: { slidingWindowSize: 0 } }, /settings.slidingWindowSize/],
      ['configure', { ...hand, settings: { threshold: 5 } }, /settings.threshold/],
      ['acquire', { key: 'k', by: 'a', leaseMs: -1 }, /"leaseMs"/],
      ['report', { id: 'r', by: 'a', generation: 1, results: [{ ok: 'yes' }] }, /"results"/],
    ];
    for (const [update, input, message] of refused) {
      const sent = raw.executeUpdate(update, { args: [input] });
      const { cause } = await sent.then(
        () => new Error('it was taken'),
        (error: unknown) => error as Error,
      );
      expect(cause).toMatchObject({ type: 'invalid-input', message: expect.stringMatching(message) });
    }
    expect(await failure(breakers.reset(name, { by: '', reason: '' }))).toMatchObject({ code: 'invalid-input' });
    expect(await failure(breakers.status('No Name'))).toMatchObject({ code: 'invalid-input' });
    expect((await breakers.status(name)).changes).toEqual([]);
  });

  it('carries everything over when its history is begun anew', async () => {
    const { breakers } = harness.recoveries;
    const name = `db-${harness.host}`;
    const first = await harness.client.workflow.start(WORKFLOW_TYPES.circuitBreaker, {
      workflowId: breakerId(name),
      taskQueue: harness.taskQueue,
      args: [{ name, continueAfter: 4 } satisfies CircuitBreakerInput],
    });
    await breakers.configure(name, { ...hand, settings: { waitDurationInOpenState: '1ms', slidingWindowSize: 7 } });
    const report = { id: 'once', by: 'a', generation: 1, results: failed(5) };
    await breakers.report(name, report);
    await until(async () => (await breakers.status(name)).state === 'HALF_OPEN', 'half-open');
    const { leaseId } = await breakers.acquire(name, key());
    const before = await breakers.status(name);
    // The fourth: counted before, it is ignored as a whole, in the old history as in the new one.
    await breakers.post(name, report);
    await until(async () => {
      const { runId } = await harness.client.workflow.getHandle(breakerId(name)).describe();
      return runId !== first.firstExecutionRunId;
    }, 'the new history');
    await breakers.report(name, report);
    expect(before.leases.map(({ id }) => id)).toEqual([leaseId]);
    expect(before.changes.map(({ to }) => to)).toEqual(['CLOSED', 'OPEN', 'HALF_OPEN']);
    expect(await breakers.status(name)).toEqual(before);
  });
});
