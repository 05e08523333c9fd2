import { describe, expect, test } from 'vitest';
import { selectForCleanup } from '../../src/domain/checkpoint-list.ts';
import { DEFAULT_RETENTION, reconcileStore } from '../../src/domain/store-care.ts';
import { checkpoint } from './planner/plan-fixtures.ts';

const NOW = Date.parse('2026-02-01T00:00:00.000Z');
const about = { verifiedAt: '2026-02-01T00:00:00.000Z', now: NOW };
const day = (ago: number): string => new Date(NOW - ago * 86_400_000).toISOString();
const stored = (name: string, createdAt = day(2)) => ({ id: checkpoint(name).info.id, subject: 'run/x/1', createdAt });
const id = (name: string): string => checkpoint(name).info.id;

describe('reconcileStore', () => {
  test('marks what is there as verified, and nothing else', () => {
    const found = reconcileStore([checkpoint('a')], [stored('a')], [], about);
    expect(found).toEqual({
      findings: [{ id: id('a'), lastVerifiedAt: about.verifiedAt, verifyLevel: 'store' }],
      orphans: [],
      missing: [],
      corrupt: [],
      healed: [],
    });
  });

  test('names what a checkpoint has lost, and cuts a long list', () => {
    const problems = Array.from({ length: 7 }, (_, index) => ({
      checkpointId: id('a'),
      item: `file-${index}`,
      problem: 'it is missing',
    }));
    const { findings, corrupt } = reconcileStore([checkpoint('a')], [stored('a')], problems, about);
    expect(corrupt).toEqual([id('a')]);
    expect(findings[0]).toMatchObject({ state: 'corrupt' });
    expect(findings[0]?.stateReason).toMatch(/^file-0: it is missing; .*; and 2 more$/);
  });

  test('a problem of the store itself concerns no checkpoint', () => {
    const problems = [{ checkpointId: '', item: 'pack-1', problem: 'damaged' }];
    expect(reconcileStore([checkpoint('a')], [stored('a')], problems, about).corrupt).toEqual([]);
  });

  test('heals what is whole again, as whole as it was', () => {
    const whole = checkpoint('a', {}, { state: 'corrupt', stateReason: 'lost' });
    const partial = checkpoint('b', {}, { state: 'corrupt', skipped: 2 });
    const { findings, healed } = reconcileStore([whole, partial], [stored('a'), stored('b')], [], about);
    expect(healed).toEqual([id('a'), id('b')]);
    expect(findings).toMatchObject([{ state: 'complete', stateReason: null }, { state: 'partial' }]);
  });

  test('leaves an invalidated one invalidated', () => {
    const record = checkpoint('a', {}, { state: 'invalidated' });
    expect(reconcileStore([record], [stored('a')], [], about).findings[0]).not.toHaveProperty('state');
  });

  test('tells missing from orphaned, and lets a young one be', () => {
    const found = reconcileStore([checkpoint('a')], [stored('b'), stored('c', day(0))], [], about);
    expect(found.missing).toEqual([id('a')]);
    expect(found.orphans).toEqual([id('b')]);
    expect(found.findings).toMatchObject([{ id: id('a'), state: 'corrupt' }]);
  });

  test('does not take in what cannot be read', () => {
    const unreadable = { ...stored('b'), subject: null };
    expect(reconcileStore([], [unreadable], [], about).orphans).toEqual([]);
  });
});

test('what a person made on purpose outlives every night', () => {
  const records = ['manual', 'milestone', 'pre-deploy', 'auto'].flatMap((type) =>
    Array.from({ length: 6 }, (_, index) =>
      checkpoint(`${type}${index}`, { type: type as 'auto' }, { createdAt: day(30 + index) }),
    ),
  );
  const { removed } = selectForCleanup(records, DEFAULT_RETENTION, NOW);
  const names = records.filter(({ info }) => removed.includes(info.id)).map(({ info }) => info.type);
  expect(new Set(names)).toEqual(new Set(['auto']));
});
