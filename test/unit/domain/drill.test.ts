import { describe, expect, it } from 'vitest';
import { DrillSpecSchema } from '../../../src/domain/drill.schema.ts';
import { findDifferences, findLosses, judgeDrill, type DrillFacts } from '../../../src/domain/drill.ts';

const spec = DrillSpecSchema.parse({
  playbook: 'mend',
  steadyState: [{ name: 'up', command: { argv: ['true'] } }],
  faults: [{ type: 'deleteFile', path: 'a' }],
  components: { orders: {} },
  expect: { actions: ['rollback'], degraded: ['orders'] },
  objectives: { rto: '10s', rpo: '30s', itemsLost: 1 },
});

const good: DrillFacts = {
  schemaVersion: 1,
  name: 'd',
  workflowId: 'drill/d/1',
  host: 'h',
  objectives: spec.objectives,
  recovery: {
    workflowId: 'recovery/drill/d/1',
    runId: 'r',
    joined: false,
    status: 'recovered',
    summary: 'well',
    playbook: 'mend',
    verified: true,
    actions: [{ id: 'rollback', type: 'rollback', status: 'succeeded', durationMs: 5 }],
    compensations: 0,
    humanWaitMs: 0,
  },
  before: [],
  broken: [],
  after: [],
  healthy: true,
  held: true,
  degraded: [{ component: 'orders', during: true, afterwards: false }],
  items: { count: 3, lost: ['b has changed'] },
  times: { startedAt: '', finishedAt: '' },
  durations: { ttrMs: 9000, humanWaitMs: 0, checkpointAgeMs: 1000 },
  left: [],
};
const recovery = good.recovery as NonNullable<DrillFacts['recovery']>;

describe('a drill', () => {
  it('has passed where everything is as its definition wants it', () => {
    expect(judgeDrill(spec, good)).toEqual([]);
  });

  it.each<[string, Partial<DrillFacts>]>([
    ['no recovery has ended', { recovery: undefined }],
    ['joined a recovery', { recovery: { ...recovery, joined: true } }],
    ['ended escalated instead of recovered', { recovery: { ...recovery, status: 'escalated' } }],
    ['playbook other was used', { recovery: { ...recovery, playbook: 'other' } }],
    ['action rollback was not in the plan', { recovery: { ...recovery, actions: [] } }],
    [
      'action rollback was skipped',
      { recovery: { ...recovery, actions: [{ id: 'rollback', type: 'rollback', status: 'skipped', durationMs: 0 }] } },
    ],
    ['has proven nothing', { recovery: { ...recovery, verified: false } }],
    ['clients of orders were not told', { degraded: undefined }],
    ['clients of orders were not told', { degraded: [{ component: 'orders', during: false, afterwards: false }] }],
    ['orders is still degraded', { degraded: [{ component: 'orders', during: true, afterwards: true }] }],
    ['has not come back', { healthy: false }],
    ['did not hold for 2s', { held: false }],
    ['10001 ms to recover', { durations: { ...good.durations, ttrMs: 10_001 } }],
    ['went back 30001 ms', { durations: { ...good.durations, checkpointAgeMs: 30_001 } }],
    ['2 of 3 items lost', { items: { count: 3, lost: ['a is gone', 'b has changed'] } }],
    ['left behind: process 7', { left: ['process 7'] }],
  ])('has failed, for %s', (why, seen) => {
    const problems = judgeDrill(spec, { ...good, ...seen });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(why);
  });

  it.each([
    ['failed', []],
    ['succeeded', ['action rollback was succeeded instead of failed']],
    [undefined, ['action rollback was not in the plan instead of failed']],
  ])('has an action that has to fail, which is %s', (status, problems) => {
    const actions = status === undefined ? [] : [{ id: 'rollback', type: 'rollback', status, durationMs: 5 }];
    const refuses = { ...spec, expect: { ...spec.expect, actions: [], failed: ['rollback'] } };
    expect(judgeDrill(refuses, { ...good, recovery: { ...recovery, actions } })).toEqual(problems);
  });

  it('damages nothing in the store that it has not captured', () => {
    const faults = [{ type: 'flipBitInStore', path: 'a' }];
    expect(DrillSpecSchema.safeParse({ ...spec, faults, checkpoint: true }).success).toBe(true);
    expect(DrillSpecSchema.safeParse({ ...spec, faults }).error?.issues).toMatchObject([
      { path: ['faults', 0, 'type'], message: expect.stringContaining('checkpoint: true') as string },
    ]);
  });

  it('picks no more faults than there are', () => {
    expect(DrillSpecSchema.safeParse({ ...spec, pick: 1 }).success).toBe(true);
    expect(DrillSpecSchema.safeParse({ ...spec, pick: 2 }).error?.issues).toMatchObject([{ path: ['pick'] }]);
  });

  it.each<[string | undefined, Partial<DrillFacts>]>([
    [undefined, { undone: { differences: [] }, recovery: { ...recovery, compensations: 1 } }],
    ['nobody has looked', { recovery: { ...recovery, compensations: 1 } }],
    ['not undone: a is gone', { undone: { differences: ['a is gone'] }, recovery: { ...recovery, compensations: 1 } }],
    ['nothing was undone', { undone: { differences: [] } }],
    ['nothing was undone', { undone: { differences: [], actions: [] } }],
    [undefined, { undone: { differences: [], actions: ['rollback'] } }],
  ])('that is to be undone has %s', (why, seen) => {
    const problems = judgeDrill({ ...spec, expect: { ...spec.expect, undone: true } }, { ...good, ...seen });
    expect(problems).toEqual(why === undefined ? [] : [expect.stringContaining(why)]);
  });

  it('expects no degraded mode of a component that it does not define', () => {
    const { degraded: _, ...others } = spec.expect;
    expect(DrillSpecSchema.safeParse({ ...spec, components: undefined }).error?.issues).toMatchObject([
      { path: ['expect', 'degraded', 0], message: 'is none of spec.components: "orders"' },
    ]);
    expect(DrillSpecSchema.safeParse({ ...spec, components: undefined, expect: others }).success).toBe(true);
  });

  it('loses what is gone or another, and nothing that has come to it', () => {
    const item = (path: string, digit: string) => ({ path, sha256: digit.repeat(64) });
    expect(
      findLosses([item('a', '1'), item('b', '2'), item('c', '3')], [item('a', '1'), item('b', '9'), item('d', '4')]),
    ).toEqual(['b has changed', 'c is gone']);
    const withMode = (mode: number) => ({ ...item('a', '1'), mode });
    expect(findLosses([withMode(0o755)], [withMode(0o644)])).toEqual(['a has other permissions']);
    expect(findLosses([item('a', '1')], [withMode(0o644)])).toEqual([]);
    expect(findDifferences([item('a', '1'), item('b', '1')], [item('a', '1'), item('c', '1')])).toEqual([
      'b is gone',
      'c has come to it',
    ]);
  });

  it('breaks nothing outside of its sandbox', () => {
    for (const path of ['/etc/passwd', '../x', 'a/../../x', '..', ''])
      expect(DrillSpecSchema.safeParse({ ...spec, faults: [{ type: 'deleteFile', path }] }).success, path).toBe(false);
  });
});
