import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ConfigureInputSchema } from '../../src/domain/breaker.schema.ts';
import { DEFAULT_BREAKER_SETTINGS } from '../../src/domain/breaker.ts';
import { RetrySpecSchema } from '../../src/domain/action.schema.ts';
import { checkConfigure } from '../../src/workflows/steps/check-breaker-message.ts';
import { failure as failureOf, planFor } from './planner/plan-fixtures.ts';
import { parsePlaybooks } from '../support/parse-playbooks.ts';

const planned = (action: string) => {
  const playbooks = parsePlaybooks(`
apiVersion: rerail/v1
kind: Playbook
metadata: {name: mine}
spec: {match: [{target: "*"}], actions: [${action}]}
`);
  const operation = { kind: 'command' as const, argv: ['npm', 'test'] };
  return planFor(failureOf({ operation }), playbooks).plan.actions[0];
};

describe('settings of a breaker', () => {
  const value = fc.oneof(
    fc.integer({ min: -1, max: 1200 }),
    fc.double({ min: -1, max: 120 }),
    fc.boolean(),
    fc.constantFrom('COUNT_BASED', 'TIME_BASED', '1s', '5 minutes', '-1s', '500', 'soon', '', null),
  );
  const key = fc.constantFrom(...Object.keys(DEFAULT_BREAKER_SETTINGS), 'threshold');

  test('are refused by the workflow’s own guard exactly where the schema refuses them', () => {
    fc.assert(
      fc.property(fc.dictionary(key, value, { maxKeys: 3 }), (settings) => {
        const input = { by: 'ada', reason: 'a test', settings };
        const takes = ConfigureInputSchema.safeParse(input).success;
        if (takes) expect(() => checkConfigure(input)).not.toThrow();
        else expect(() => checkConfigure(input)).toThrow(/field "settings\./);
      }),
      { numRuns: 500 },
    );
  });

  test('have defaults that they take themselves', () => {
    expect(ConfigureInputSchema.shape.settings.parse(DEFAULT_BREAKER_SETTINGS)).toEqual(DEFAULT_BREAKER_SETTINGS);
  });
});

describe('retry, breaker and fallback of an action', () => {
  test('reach the plan', () => {
    const more = 'breaker: orders-db, fallback: {command: [serve, cached]}';
    const fallback = { title: 'serve cached', operation: { kind: 'command', argv: ['serve', 'cached'] } };
    expect(planned(`{id: a, type: retry, ${more}}`)).toMatchObject({ breaker: 'orders-db', fallback });
    expect(planned(`{id: a, type: run, run: {activity: noop}, ${more}}`)).toMatchObject({
      breaker: 'orders-db',
      fallback,
    });
  });

  test('leave no trace in a plan without them, so that its hash is what it was', () => {
    for (const action of ['{id: a, type: retry, retry: {}}', '{id: a, type: run, run: {activity: noop}, retry: {}}']) {
      const text = JSON.stringify(planned(action));
      for (const word of ['breaker', 'fallback', 'strategy', 'limit"']) expect(text).not.toContain(word);
    }
  });

  test.each([
    [{ strategy: 'adaptive', jitter: 'full', limit: { attempts: 3, per: '1m' } }, true],
    [{ jitter: 1.5 }, false],
    [{ jitter: 'some' }, false],
    [{ strategy: 'quadratic' }, false],
    [{ limit: { attempts: 0, per: '1m' } }, false],
  ])('a retry of %j is taken: %s', (given, taken) => {
    expect(RetrySpecSchema.safeParse(given).success).toBe(taken);
  });
});
