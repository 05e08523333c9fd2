import { describe, expect, it } from 'vitest';
import type { ServiceChange } from '../../../src/domain/service.ts';
import {
  changeService,
  createServiceState,
  describeService,
  dropHeld,
  holdOperation,
  nextChangeAt,
  passTime,
} from '../../../src/resilience/service-state.ts';

const SIGNED = { by: 'ada', reason: 'a test' };
const degrade = (hold: string, until: number | null): ServiceChange => ({
  ...{ id: `degrade-${hold}`, type: 'degrade', hold, until },
  ...SIGNED,
  type: 'degrade',
});
const play = (...changes: ServiceChange[]) =>
  changes.reduce((state, change, index) => changeService(state, change, 1000 * index), createServiceState());
const RATE = { perSecond: 10, factor: 0.5, quietPeriod: '10s' } as const;

describe('the state of a service', () => {
  it('is degraded until the last of its reasons has gone', () => {
    const both = play(degrade('a', 60_000), degrade('b', null));
    expect(describeService('db', both, 5000)).toMatchObject({ degraded: true, until: null, reason: 'a test; a test' });
    const one = changeService(both, { id: 'r', type: 'restore', hold: 'b', ...SIGNED }, 5000);
    expect(describeService('db', one, 5000)).toMatchObject({ degraded: true, until: '1970-01-01T00:01:00.000Z' });
    expect(nextChangeAt(one)).toBe(60_000);
    expect(describeService('db', passTime(one, 60_000), 60_000)).toMatchObject({ degraded: false, since: null });
  });

  it('shows what has lapsed as over, also before anybody has written that down', () => {
    expect(describeService('db', play(degrade('killed', 10)), 11).degraded).toBe(false);
  });

  it('counts a change once', () => {
    const reset: ServiceChange = { id: 'same', type: 'reset', ...SIGNED };
    expect(describeService('db', play(reset, reset), 0)).toMatchObject({ resets: 1, version: 1 });
  });

  it('tells the lower of the rate and the share of the traffic', () => {
    const state = play(
      { id: '1', type: 'throttle', rate: RATE, ...SIGNED },
      { id: '2', type: 'traffic', percent: 10, ...SIGNED },
    );
    expect(describeService('api', state, 1000).ratePerSecond).toBe(1);
    const full = changeService(state, { id: '3', type: 'traffic', percent: 100, ...SIGNED }, 2000);
    expect(describeService('api', full, 2000).ratePerSecond).toBe(5);
    expect(describeService('api', full, 60_000).ratePerSecond).toBe(10);
  });

  it('keeps operations in order, each once', () => {
    const operation = (id: string) => ({ id, statement: 'note', values: [] });
    const held = ['a', 'b', 'a'].reduce((state, id) => holdOperation(state, operation(id)), createServiceState());
    expect(held.held.map(({ id }) => id)).toEqual(['a', 'b']);
    expect(dropHeld(held, ['a', 'x']).held.map(({ id }) => id)).toEqual(['b']);
    expect(dropHeld(held, ['x'])).toBe(held);
  });
});
