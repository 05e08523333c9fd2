import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { watchHealth, type WatchDeps } from '../../../src/activities/monitors/watch-health.ts';
import { MonitorSchema } from '../../../src/domain/monitor.schema.ts';
import { monitorOf, type Monitor, type WatchBeat, type WatchInput } from '../../../src/domain/monitor.ts';
import type { ProbeReading } from '../../../src/domain/probe.ts';

beforeEach(() => void vi.useFakeTimers({ now: 1_000_000 }));
afterEach(() => void vi.useRealTimers());

const monitorWith = (count: number, check: object = {}): Monitor =>
  monitorOf(
    MonitorSchema.parse({
      apiVersion: 'rerail/v1',
      kind: 'Monitor',
      metadata: { name: 'm' },
      spec: {
        target: 'service/a',
        checks: Array.from({ length: count }, (_, i) => ({ name: `c${i}`, probe: { tcp: { port: i + 1 } }, ...check })),
      },
    }),
    'h',
  );

const inputFor = (monitor: Monitor, more: Partial<WatchInput> = {}): WatchInput => ({
  monitor,
  from: { counts: {}, unseen: monitor.checks.map(({ name }) => name) },
  since: null,
  startedAt: Date.now(),
  now: [],
  watchMs: 300_000,
  ...more,
});

const reading = (name: string, passed: boolean): ProbeReading => ({
  name,
  kind: 'tcp',
  passed,
  observed: '',
  durationMs: 1,
  at: new Date().toISOString(),
});

function depsWith(passes: (name: string) => boolean | Promise<boolean>, more: Partial<WatchDeps> = {}) {
  const beats: WatchBeat[] = [];
  const looks: { name: string; at: number }[] = [];
  const deps: WatchDeps = {
    look: async ({ name }) => {
      looks.push({ name, at: Date.now() });
      return reading(name, await passes(name));
    },
    heartbeat: (beat) => beats.push(beat),
    earlier: undefined,
    signal: new AbortController().signal,
    ...more,
  };
  return { deps, beats, looks };
}

async function finish<T>(watch: Promise<T>, ms: number): Promise<T> {
  await vi.advanceTimersByTimeAsync(ms);
  return watch;
}

describe('a watch', () => {
  test('spreads a thousand checks over the period and tells of all at once', async () => {
    const { deps, looks } = depsWith(() => true);
    const result = await finish(watchHealth(inputFor(monitorWith(1000)), deps), 10_500);
    expect(result).toMatchObject({ counts: {}, unseen: [] });
    const seconds = Array.from(
      { length: 10 },
      (_, s) => looks.filter(({ at }) => Math.floor((at - 1_000_000) / 1000) === s).length,
    );
    expect(Math.min(...seconds)).toBeGreaterThan(50);
    expect(Math.max(...seconds)).toBeLessThan(150);
    expect(JSON.stringify(result).length).toBeLessThan(20_000);
  });

  test('looks at all in time though every target hangs until the time-out', async () => {
    const hangs = (): Promise<boolean> => new Promise((resolve) => setTimeout(resolve, 5000, false));
    const late: number[] = [];
    const { deps } = depsWith(hangs, { onLook: ({ lateMs }) => void late.push(lateMs) });
    const monitor = monitorWith(1000, { failureThreshold: 1000 });
    await finish(watchHealth(inputFor(monitor, { watchMs: 20_000 }), deps), 26_000);
    expect(late.length).toBeGreaterThan(1500);
    expect(Math.max(...late)).toBeLessThan(10_000);
  });

  test('begins after the initial delay, looks in the period of each check, and hands its time-out over', async () => {
    const given: Record<string, unknown> = {};
    const { deps, looks } = depsWith(() => true);
    const watched: WatchDeps = {
      ...deps,
      look: (probe) => {
        given[probe.name] = probe.timeout;
        return deps.look(probe);
      },
    };
    const probe = { tcp: { port: 1 } };
    const spec = {
      target: 'service/a',
      checks: [
        { name: 'late', probe, initialDelaySeconds: 60, timeoutSeconds: 3 },
        { name: 'often', probe, periodSeconds: 2, timeoutSeconds: 0.5 },
        { name: 'seldom', probe, periodSeconds: 20 },
      ],
    };
    const monitor = monitorOf(
      MonitorSchema.parse({ apiVersion: 'rerail/v1', kind: 'Monitor', metadata: { name: 'm' }, spec }),
      'h',
    );
    await finish(watchHealth(inputFor(monitor, { watchMs: 120_000 }), watched), 121_000);
    const times = (check: string) => looks.filter(({ name }) => name === check).map(({ at }) => at - 1_000_000);
    expect(Math.min(...times('late'))).toBeGreaterThanOrEqual(60_000);
    const steps = (check: string) => [
      ...new Set(times(check).flatMap((at, i, all) => (i > 1 ? [at - all[i - 1]!] : []))),
    ];
    expect([steps('often'), steps('seldom')]).toEqual([[2000], [20_000]]);
    expect(given).toEqual({ late: '3000ms', often: '500ms', seldom: '1000ms' });
  });

  test('keeps looks that wait for another side from those that take something of this machine, and the other way round', async () => {
    const started: string[] = [];
    const never = new Promise<boolean>(() => undefined);
    const { deps } = depsWith((name) => (started.push(name), never));
    const probes = [{ command: { argv: ['true'] } }, { tcp: { port: 1 } }];
    const checks = Array.from({ length: 1000 }, (_, i) => ({
      name: `c${i}`,
      target: 'service/a',
      probe: probes[Math.min(i % 4, 1)],
    }));
    const monitor = monitorOf(
      MonitorSchema.parse({ apiVersion: 'rerail/v1', kind: 'Monitor', metadata: { name: 'm' }, spec: { checks } }),
      'h',
    );
    void watchHealth(inputFor(monitor), deps);
    await vi.advanceTimersByTimeAsync(10_500);
    const here = started.filter((name) => Number(name.slice(1)) % 4 === 0);
    expect([here.length, started.length - here.length]).toEqual([50, 500]);
  });

  test('ends with the failure that fills the threshold, and the next one keeps the step', async () => {
    const monitor = monitorWith(2);
    const { deps, looks } = depsWith((name) => name !== 'c1');
    const well = { counts: {}, unseen: [] };
    const watch = watchHealth(inputFor(monitor, { from: well, since: Date.now() }), deps);
    const result = await finish(watch, 31_000);
    expect(result.counts).toEqual({ c1: { state: 'unhealthy', failures: 3, successes: 0 } });
    const own = looks.filter(({ name }) => name === 'c1').map(({ at }) => at);
    expect(own.slice(1).map((at, i) => at - own[i]!)).toEqual([10_000, 10_000]);
    const again = depsWith(() => true);
    const next = watchHealth(inputFor(monitor, { from: result, since: result.endedAt }), again.deps);
    await finish(next, 11_000);
    const [first] = again.looks.filter(({ name }) => name === 'c1');
    expect(first!.at - own.at(-1)!).toBe(10_000);
  });

  test('goes on from the heartbeat of a killed attempt, and tells what that one could not', async () => {
    const monitor = monitorWith(1);
    const well = { counts: {}, unseen: [] };
    const first = depsWith(() => false);
    const killed = new AbortController();
    const dead = watchHealth(inputFor(monitor, { from: well, since: Date.now() }), {
      ...first.deps,
      signal: killed.signal,
    });
    await vi.advanceTimersByTimeAsync(21_000);
    const earlier = first.beats.at(-1)!;
    expect(earlier.counts['c0']!.failures).toBe(2);
    killed.abort();
    await dead;
    const second = depsWith(() => false, { earlier });
    const result = await finish(watchHealth(inputFor(monitor, { from: well }), second.deps), 10_500);
    expect(result.counts['c0']).toMatchObject({ state: 'unhealthy', failures: 3 });
    const third = depsWith(() => false, { earlier: { ...result, since: Date.now() } });
    expect(
      (await finish(watchHealth(inputFor(monitor, { from: well }), third.deps), 1000)).counts['c0']!.failures,
    ).toBe(3);
  });

  test('never looks twice at a time, not even with the watch that follows', async () => {
    const monitor = monitorWith(1);
    let answer: (passed: boolean) => void = () => undefined;
    const { deps, looks } = depsWith(() => new Promise<boolean>((resolve) => (answer = resolve)));
    const stop = new AbortController();
    const watch = watchHealth(inputFor(monitor), { ...deps, signal: stop.signal });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(looks).toHaveLength(1);
    stop.abort();
    const result = await watch;
    expect(result.unseen).toEqual(['c0']);
    const next = watchHealth(inputFor(monitor, { now: ['c0'] }), deps);
    await vi.advanceTimersByTimeAsync(5000);
    expect(looks).toHaveLength(1);
    answer(true);
    expect(await finish(next, 1000)).toMatchObject({ unseen: [], lookedNow: true });
  });

  test('bounds looks at the same time, and heartbeats what is small', async () => {
    const { deps, looks, beats } = depsWith(() => new Promise<boolean>(() => undefined));
    const stop = new AbortController();
    const watch = watchHealth(inputFor(monitorWith(200, { probe: { memory: {} } }), { now: [] }), {
      ...deps,
      signal: stop.signal,
    });
    await vi.advanceTimersByTimeAsync(20_000);
    expect(looks).toHaveLength(50);
    expect(JSON.stringify(beats.at(-1)).length).toBeLessThan(3000);
    stop.abort();
    await watch;
  });
});
