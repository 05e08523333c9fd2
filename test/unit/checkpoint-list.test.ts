import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { filterCheckpoints, lastBackup, resolveTarget, selectForCleanup } from '../../src/domain/checkpoint-list.ts';
import {
  CHECKPOINT_STATES,
  CHECKPOINT_TYPES,
  type CheckpointRecord,
  type RetentionPolicy,
} from '../../src/domain/checkpoint.ts';
import { CheckpointFilterSchema, RetentionPolicySchema } from '../../src/domain/checkpoint.schema.ts';
import { checkpoint } from './planner/plan-fixtures.ts';

const DAY = 86_400_000;
const NOW = Date.parse('2026-02-01T00:00:00.000Z');
const daysAgo = (days: number): string => new Date(NOW - days * DAY).toISOString();

/** Given oldest first: the functions sort by themselves. */
const RECORDS: CheckpointRecord[] = [
  checkpoint('a', { type: 'phase-start', phase: 'build', tags: ['keep'] }, { createdAt: daysAgo(10) }),
  checkpoint('b', { type: 'agent-end', agent: 'writer', tags: ['x', 'y'] }, { createdAt: daysAgo(8) }),
  checkpoint('c', { type: 'phase-end', phase: 'build' }, { createdAt: daysAgo(6), state: 'partial' }),
  checkpoint('d', { type: 'manual', phase: 'test', tags: ['y'] }, { createdAt: daysAgo(4), state: 'corrupt' }),
  checkpoint('e', { type: 'auto', phase: 'test' }, { createdAt: daysAgo(2), state: 'invalidated' }),
];
const ids = (records: readonly CheckpointRecord[]): string => records.map(({ info }) => info.name).join('');

describe('filterCheckpoints', () => {
  test.each([
    [{}, 'edcba'],
    [{ type: ['phase-start', 'phase-end'] }, 'ca'],
    [{ tags: ['y'] }, 'db'],
    [{ tags: ['x', 'keep'] }, 'ba'],
    [{ tags: ['nope'] }, ''],
    [{ phase: 'build' }, 'ca'],
    [{ agent: 'writer' }, 'b'],
    [{ since: daysAgo(6) }, 'edc'],
    [{ until: daysAgo(6) }, 'cba'],
    [{ since: daysAgo(8), until: daysAgo(4) }, 'dcb'],
    [{ since: '2026-01-26T02:00:00+02:00' }, 'edc'],
    [{ valid: true }, 'cba'],
    [{ valid: false }, 'ed'],
    [{ limit: 2 }, 'ed'],
    [{ valid: true, limit: 1 }, 'c'],
    [{ phase: 'build', tags: ['keep'] }, 'a'],
  ])('with %j gives %s, newest first', (filter, expected) => {
    expect(ids(filterCheckpoints(RECORDS, CheckpointFilterSchema.parse(filter)))).toBe(expected);
  });

  test('of two of the same time the one with the later id is newer', () => {
    expect(ids(filterCheckpoints([checkpoint('m'), checkpoint('n'), checkpoint('l')], {}))).toBe('nml');
  });

  test('leaves the list as it was', () => {
    filterCheckpoints(RECORDS, {});
    expect(ids(RECORDS)).toBe('abcde');
  });
});

const record: fc.Arbitrary<CheckpointRecord> = fc
  .record({
    id: fc.integer({ min: 0, max: 1e6 }),
    type: fc.constantFrom(...CHECKPOINT_TYPES),
    state: fc.constantFrom(...CHECKPOINT_STATES),
    success: fc.boolean(),
    tags: fc.subarray(['x', 'y', 'z']),
    age: fc.integer({ min: 0, max: 30 }),
  })
  .map(({ id, type, state, success, tags, age }) =>
    checkpoint(`r${id}`, { type, success, tags }, { state, createdAt: daysAgo(age) }),
  );
const records = fc.uniqueArray(record, { maxLength: 20, selector: ({ info }) => info.id });
const policy: fc.Arbitrary<RetentionPolicy> = fc
  .record(
    {
      keepLast: fc.integer({ min: 0, max: 5 }),
      keepPhaseEndpoints: fc.boolean(),
      olderThan: fc.constantFrom('1d' as const, '7d' as const, '0s' as const),
      keepTags: fc.subarray(['x', 'y']),
    },
    { requiredKeys: [] },
  )
  .map((given) => RetentionPolicySchema.parse(given));

describe('selectForCleanup', () => {
  const select = (given: RetentionPolicy, list: readonly CheckpointRecord[] = RECORDS) => {
    const { kept, removed } = selectForCleanup(list, given, NOW);
    const names = new Map(list.map(({ info }) => [info.id, info.name]));
    return {
      kept: kept.map(({ id, reasons }) => `${names.get(id)}: ${reasons.join(', ')}`),
      removed: removed.map((id) => names.get(id)).join(''),
    };
  };

  test.each([
    [{ keepLast: 1 }, 'da', ['e: keepLast 1', 'c: last valid checkpoint', 'b: last checkpoint to roll back to']],
    [{ keepLast: 0 }, 'eda', ['c: last valid checkpoint', 'b: last checkpoint to roll back to']],
    [
      { olderThan: '7d' },
      'a',
      [
        'e: younger than 7d',
        'd: younger than 7d',
        'c: last valid checkpoint, younger than 7d',
        'b: last checkpoint to roll back to',
      ],
    ],
    [{ keepTags: ['keep'] }, 'ed', ['c: last valid checkpoint', 'b: last checkpoint to roll back to', 'a: tag keep']],
  ] as [RetentionPolicy, string, string[]][])('with %j removes %s', (given, removed, kept) => {
    expect(select(given)).toEqual({ kept, removed });
  });

  test('rules are ORed and every reason is told', () => {
    expect(select({ keepLast: 0, keepPhaseEndpoints: true, keepTags: ['keep', 'y'], olderThan: '3d' })).toEqual({
      kept: [
        'e: younger than 3d',
        'd: tag y',
        'c: last valid checkpoint, keepPhaseEndpoints',
        'b: last checkpoint to roll back to, tag y',
        'a: keepPhaseEndpoints, tag keep',
      ],
      removed: '',
    });
  });

  test.each([{}, { keepPhaseEndpoints: false }, { keepTags: [] }])(
    'the policy %j has no rule and removes nothing',
    (given) => {
      expect(select(given)).toMatchObject({ removed: '', kept: expect.arrayContaining(['e: the policy has no rule']) });
    },
  );

  test('the backup before a rollback does not stand in for the last good state', () => {
    const list = [
      checkpoint('good', {}, { createdAt: daysAgo(9) }),
      checkpoint('backup', { type: 'recovery' }, { createdAt: daysAgo(8) }),
    ];
    expect(select({ keepLast: 1 }, list)).toEqual({
      kept: ['backup: last valid checkpoint, keepLast 1', 'good: last checkpoint to roll back to'],
      removed: '',
    });
  });

  test('the last valid one is never removed, nor the last one that a rollback can use', () => {
    fc.assert(
      fc.property(records, policy, (list, given) => {
        const { removed } = selectForCleanup(list, given, NOW);
        const lastValid = filterCheckpoints(list, { valid: true })[0];
        const lastGood = filterCheckpoints(list, {}).find(
          ({ state, info }) => state === 'complete' && info.success && info.type !== 'recovery',
        );
        for (const needed of [lastValid, lastGood]) if (needed) expect(removed).not.toContain(needed.info.id);
      }),
    );
  });

  test('every checkpoint is either kept with a reason or removed', () => {
    fc.assert(
      fc.property(records, policy, (list, given) => {
        const { kept, removed } = selectForCleanup(list, given, NOW);
        expect([...kept.map(({ id }) => id), ...removed].sort()).toEqual(list.map(({ info }) => info.id).sort());
        expect(kept.every(({ reasons }) => reasons.length > 0)).toBe(true);
      }),
    );
  });

  test('an empty policy removes nothing', () => {
    fc.assert(
      fc.property(records, (list) => {
        expect(selectForCleanup(list, {}, NOW).removed).toEqual([]);
      }),
    );
  });

  test('a further rule never removes more', () => {
    fc.assert(
      fc.property(records, policy, (list, given) => {
        fc.pre(given.keepLast !== undefined);
        const fewer = selectForCleanup(
          list,
          { ...given, keepPhaseEndpoints: true, keepTags: ['x', 'y', 'z'] },
          NOW,
        ).removed;
        const more = selectForCleanup(list, given, NOW).removed;
        expect(more).toEqual(expect.arrayContaining(fewer));
      }),
    );
  });
});

describe('resolveTarget', () => {
  const id = (name: string): string => checkpoint(name).info.id;
  const list = [
    checkpoint('a', { type: 'phase-start', phase: 'build', phaseIndex: 0 }, { createdAt: daysAgo(9) }),
    checkpoint('b', { type: 'phase-start', phase: 'test', phaseIndex: 1 }, { createdAt: daysAgo(8) }),
    checkpoint('c', { type: 'auto' }, { createdAt: daysAgo(7) }),
    checkpoint('d', { type: 'auto' }, { createdAt: daysAgo(6), state: 'corrupt' }),
  ];
  const restored = (name: string, days: number): CheckpointRecord =>
    checkpoint('z', { type: 'recovery', tags: ['pre-restore', `restored:${id(name)}`] }, { createdAt: daysAgo(days) });

  test.each([
    ['latest', list, 'c'],
    ['previous', list, 'b'],
    ['previous', [...list, restored('b', 5)], 'a'],
    ['previous', [...list, restored('a', 5)], undefined],
    ['previous', [...list, restored('b', 5), checkpoint('e', {}, { createdAt: daysAgo(4) })], 'c'],
    ['phase:build', list, 'a'],
    ['phase:1', list, 'b'],
    ['phase:deploy', list, undefined],
    ['phase:build', [...list, checkpoint('e', { type: 'manual', phase: 'build' }, { createdAt: daysAgo(4) })], 'a'],
    [
      'phase:deploy',
      [
        checkpoint('e', { type: 'manual', phase: 'deploy' }, { createdAt: daysAgo(4) }),
        checkpoint('f', { type: 'milestone', phase: 'deploy' }, { createdAt: daysAgo(3) }),
        checkpoint('g', { type: 'auto', phase: 'deploy', workflowId: 'run/x/1' }, { createdAt: daysAgo(2) }),
      ],
      'f',
    ],
    [id('d'), list, 'd'],
    [id('e'), list, undefined],
    ['latest', [], undefined],
  ])('%s', (target, records, expected) => {
    expect(resolveTarget(records, target)?.info.name).toBe(expected);
  });

  test('the last backup is what an undo restores', () => {
    expect(lastBackup(list)).toBeUndefined();
    expect(lastBackup([...list, restored('b', 5), restored('a', 3)])?.createdAt).toBe(daysAgo(3));
  });
});
