import { describe, expect, test } from 'vitest';
import { COARSE_STATES, coarseStateOf } from '../../../src/domain/coarse-state.ts';
import { FailureSchema } from '../../../src/domain/failure.schema.ts';
import { RECOVERY_TYPES, recoveryTypeOf } from '../../../src/domain/failure.ts';
import { OPEN_RECOVERY_STATUSES, RECOVERY_STATUSES } from '../../../src/domain/recovery.ts';

describe('coarse states (requirement 4.11)', () => {
  test.each([
    [undefined, 'idle'],
    ...OPEN_RECOVERY_STATUSES.map((status) => [status, 'in_progress'] as const),
    ['recovered', 'succeeded'],
    ['partial', 'succeeded'],
    ['failed', 'failed'],
    ['escalated', 'failed'],
    ['cancelled', 'cancelled'],
  ] as const)('%s is %s', (status, state) => {
    expect(coarseStateOf(status)).toBe(state);
  });

  test('every state comes from some status', () => {
    expect(new Set([undefined, ...RECOVERY_STATUSES].map(coarseStateOf))).toEqual(new Set(COARSE_STATES));
  });
});

describe('recovery types (requirement 4.11)', () => {
  const failure = (given: object) => FailureSchema.parse({ target: 'a/b', message: 'm', ...given });

  test.each(RECOVERY_TYPES)('%s stands as it is said', (recoveryType) => {
    expect(recoveryTypeOf(failure({ recoveryType, source: { kind: 'monitor' } }))).toBe(recoveryType);
  });

  test.each([
    ['cli', 'manual'],
    ['run', 'automatic'],
    ['alert', 'automatic'],
    ['drill', 'scheduled'],
  ])('from %s it is %s otherwise, and the failure keeps its form', (kind, type) => {
    const given = failure({ source: { kind } });
    expect(recoveryTypeOf(given)).toBe(type);
    expect(given).not.toHaveProperty('recoveryType');
  });

  test('refuses another word', () => {
    expect(() => failure({ recoveryType: 'urgent' })).toThrow(/recoveryType/);
  });
});
