import { describe, expect, test } from 'vitest';
import { planRecovery, createDefinitionSource } from '../../../src/activities/planning.ts';
import { runPlanners } from '../../../src/activities/run-planners.ts';
import type { CustomPlanner } from '../../../src/planner/custom-planner.ts';
import { parsePlaybooks } from '../../support/parse-playbooks.ts';
import { failure, LEDGER, runFailure } from '../planner/plan-fixtures.ts';

const SPEC = { confidence: 0.9, actions: [{ id: 'refund', type: 'run', run: { activity: 'refund' } }] } as const;
const planner = (name: string, plan: CustomPlanner['plan'], code = 'PAY-*'): CustomPlanner => ({ name, code, plan });
const good = planner('payments', () => structuredClone(SPEC) as never);

const builtin = createDefinitionSource([]);
const plan = async (planners: CustomPlanner[], given = {}, more: { playbook?: string; users?: string } = {}) => {
  const definitions = async () => {
    const all = await builtin();
    return { ...all, playbooks: [...(more.users ? parsePlaybooks(more.users) : []), ...all.playbooks] };
  };
  const deps = { definitions, planners, listCheckpoints: () => Promise.resolve(LEDGER), defaultHost: 'h' };
  const request = {
    failure: runFailure(3, { code: 'PAY-12', ...given }),
    ...(more.playbook ? { playbook: more.playbook } : {}),
  };
  return (await planRecovery(request, deps)).plan;
};

describe('custom planners (requirement 4.8)', () => {
  test('one is used for its code, before the built-in playbooks', async () => {
    const made = await plan([good]);
    expect(made).toMatchObject({ playbook: { name: 'payments', source: 'planner' }, confidence: 0.9 });
    expect(made.actions.map(({ id }) => id)).toEqual(['refund']);
    expect(made.reasons).toContain('playbook payments (planner) matches code PAY-*');
    expect((await plan([good], { code: 'OTHER' })).playbook.source).toBe('builtin');
  });

  test('it gets the failure, its classification and the checkpoints', async () => {
    const seen: unknown[] = [];
    await plan([
      planner(
        'looks',
        (given, context) =>
          void seen.push(
            given.code,
            context.classification.category,
            context.checkpoints.length,
            context.signal.aborted,
          ),
      ),
    ]);
    expect(seen).toEqual(['PAY-12', 'UNKNOWN', LEDGER.length, false]);
  });

  test('a user’s playbook goes before it and it is not even asked; neither is it for a playbook by name', async () => {
    const fails = planner('never', () => {
      throw new Error('asked');
    });
    const users =
      'apiVersion: rerail/v1\nkind: Playbook\nmetadata: {name: mine}\nspec: {match: [{code: PAY-12}], actions: [{id: call, type: escalate}]}\n';
    const mine = await plan([fails], {}, { users });
    expect(mine.playbook.name).toBe('mine');
    expect(mine.reasons.join('\n')).not.toContain('never');
    expect((await plan([fails], {}, { playbook: 'git-docs' })).reasons.join('\n')).not.toContain('never');
  });

  test.each([
    [
      'throws',
      () => {
        throw new Error('no connection');
      },
      'custom planner first failed, so the next one is used: no connection',
    ],
    [
      'rejects',
      () => Promise.reject(new Error('no connection')),
      'custom planner first failed, so the next one is used: no connection',
    ],
    [
      'gives no playbook',
      () => ({ actions: [] }),
      'custom planner first gave no valid playbook, so the next one is used: spec.actions',
    ],
    [
      'gives a wrong type',
      () => 7,
      'custom planner first gave no valid playbook, so the next one is used: spec.actions',
    ],
    ['gives nothing', () => undefined, 'custom planner first has no plan for this failure'],
  ])('where one %s the next is used and the reason recorded', async (_what, work, note) => {
    const made = await plan([planner('first', work as never), good]);
    expect(made.playbook.name).toBe('payments');
    expect(made.reasons.some((reason) => reason.startsWith(note))).toBe(true);
    expect((await plan([planner('first', work as never)])).playbook.source).toBe('builtin');
  });

  test('one that does not answer in time is told to stop', async () => {
    let stopped = false;
    const slow = planner(
      'slow',
      (_failure, { signal }) => new Promise(() => signal.addEventListener('abort', () => (stopped = true))),
    );
    const classification = { category: 'UNKNOWN', type: 'unknown', severity: 'LOW', rule: '' } as const;
    const result = await runPlanners([slow], failure({ code: 'PAY-1' }), {
      classification,
      checkpoints: [],
      limitMs: 5,
    });
    expect(result).toEqual({
      playbooks: [],
      notes: ['custom planner slow failed, so the next one is used: it did not answer within 5 ms'],
    });
    expect(stopped).toBe(true);
  });

  test('it cannot change the failure', async () => {
    const given = failure({ code: 'PAY-1' });
    const meddles = planner('meddles', (copy) => void (copy.message = 'changed'));
    const classification = { category: 'UNKNOWN', type: 'unknown', severity: 'LOW', rule: '' } as const;
    await runPlanners([meddles], given, { classification, checkpoints: [] });
    expect(given.message).toBe('it broke');
  });
});
