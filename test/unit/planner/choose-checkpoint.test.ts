import { describe, expect, test } from 'vitest';
import type { CheckpointRecord } from '../../../src/domain/checkpoint.ts';
import { chooseCheckpoint, stepsSince } from '../../../src/planner/choose-checkpoint.ts';
import { checkpoint, checkpointId, failure, LEDGER, runFailure } from './plan-fixtures.ts';

const choose = (wanted: string, records: readonly CheckpointRecord[], given = runFailure(3)) =>
  chooseCheckpoint(wanted, given, records)?.info.name;

const start = (name: string, phaseIndex: number) => checkpoint(name, { type: 'phase-start', phaseIndex });

describe('chooseCheckpoint', () => {
  test('latest is the newest', () => {
    expect(choose('latest', LEDGER)).toBe('afterlint');
  });

  test('phase-start is that of the phase that failed', () => {
    expect(choose('phase-start', LEDGER)).toBe('teststart');
    expect(choose('phase-start', LEDGER, runFailure(1))).toBe('buildstart');
  });

  test('phase-start of a phase without a checkpoint is the newest start before it', () => {
    expect(choose('phase-start', [start('one', 0)])).toBe('one');
  });

  test('phase-start without a run is the newest start, or the newest of all', () => {
    const given = failure({ subject: 'run/web/1' });
    expect(choose('phase-start', LEDGER, given)).toBe('teststart');
    expect(choose('phase-start', [checkpoint('only')], given)).toBe('only');
  });

  test('phase-start:N is the newest of that phase', () => {
    expect(choose('phase-start:0', [start('again', 0), start('first', 0)])).toBe('again');
    expect(choose('phase-start:1', LEDGER)).toBe('teststart');
  });

  test('phase-start:N is never the start of another phase', () => {
    expect(choose('phase-start:7', LEDGER)).toBeUndefined();
  });

  test('an id is that checkpoint, also the backup before a rollback', () => {
    expect(choose(checkpointId('buildend'), LEDGER)).toBe('buildend');
    expect(choose(checkpointId('backup'), [checkpoint('backup', { type: 'recovery' })])).toBe('backup');
    expect(choose(checkpointId('nobody'), LEDGER)).toBeUndefined();
  });

  test.each(['creating', 'partial', 'invalidated', 'corrupt', 'deleting'] as const)('never takes a %s one', (state) => {
    const bad = checkpoint('bad', { type: 'phase-start', phaseIndex: 1 }, { state });
    for (const wanted of ['latest', 'phase-start', 'phase-start:1', checkpointId('bad')])
      expect(choose(wanted, [bad])).toBeUndefined();
    expect(choose('latest', [bad, checkpoint('good')])).toBe('good');
  });

  test('never takes one of a failed state', () => {
    const bad = checkpoint('bad', { type: 'phase-start', phaseIndex: 1, success: false });
    for (const wanted of ['latest', 'phase-start', 'phase-start:1', checkpointId('bad')])
      expect(choose(wanted, [bad])).toBeUndefined();
  });

  test('does not take the backup before a rollback for a good state', () => {
    expect(choose('latest', [checkpoint('backup', { type: 'recovery' }), checkpoint('good')])).toBe('good');
  });

  test('takes none from an empty ledger', () => {
    for (const wanted of ['latest', 'phase-start', 'phase-start:0', checkpointId('x')])
      expect(choose(wanted, [])).toBeUndefined();
  });
});

describe('stepsSince', () => {
  const names = (index: number, stepIndex: number | undefined) =>
    stepsSince(runFailure(index), checkpoint('c', stepIndex === undefined ? {} : { stepIndex })).map(
      ({ step }) => step,
    );

  test.each([
    [3, 0, ['install', 'compile', 'lint', 'unit']],
    [3, 2, ['lint', 'unit']],
    [3, 3, ['unit']],
    [1, 0, ['install', 'compile']],
  ])('step %d failed, %d steps were done: %j', (failed, done, expected) => {
    expect(names(failed, done)).toEqual(expected);
  });

  test('a checkpoint that does not say where it stands makes the failed step necessary', () => {
    expect(names(3, undefined)).toEqual(['unit']);
    expect(stepsSince(runFailure(3), undefined).map(({ step }) => step)).toEqual(['unit']);
  });

  test('a checkpoint from after the failed step still leaves the failed step', () => {
    expect(names(1, 4)).toEqual(['compile']);
  });

  test('a failure without a run has no steps', () => {
    expect(stepsSince(failure(), checkpoint('c', { stepIndex: 0 }))).toEqual([]);
  });
});
