import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { FailureSchema } from '../../../src/domain/failure.schema.ts';
import { makePlan } from '../../../src/planner/make-plan.ts';
import { nextStrategy } from '../../../src/planner/next-strategy.ts';
import { parsePlaybooks } from '../../support/parse-playbooks.ts';
import { ESCALATE, head, PLAIN_RETRY } from '../../support/playbook-text.ts';

const run = (id: string, activity: string) => `    - {id: ${id}, type: run, run: {activity: ${activity}}}\n`;
const playbooks = parsePlaybooks(
  ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => head(name) + run('do', name) + PLAIN_RETRY + ESCALATE).join('---\n') +
    '---\n' +
    head('chain', 'failover: [gone, f]') +
    run('do', 'chain'),
);
const base = {
  failure: FailureSchema.parse({ target: 'x/y', message: 'm', category: 'UNKNOWN' }),
  playbooks,
  checkpoints: [],
  defaultHost: 'h',
  id: 'p',
  now: '2026-01-01T00:00:00.000Z',
  sha256: (text: string) => createHash('sha256').update(text).digest('hex'),
};
const planOf = (playbook: string) => ({ ...makePlan({ ...base, playbook }).plan, failover: 'auto' as const });

describe('the next strategy', () => {
  it('is the next fitting one, and never one that was tried', () => {
    expect(nextStrategy({ ...base, tried: [planOf('a')] }).made?.plan.playbook.name).toBe('b');
    expect(nextStrategy({ ...base, tried: [planOf('a'), planOf('b')] }).made?.plan.playbook.name).toBe('c');
  });

  it('stops after four, where a person is called instead', () => {
    const tried = ['a', 'b', 'c', 'd'].map(planOf);
    expect(nextStrategy({ ...base, tried }).made).toBeUndefined();
  });

  it('follows the names that a playbook gives, also after the first of them, and says which is not there', () => {
    const chain = makePlan({ ...base, playbook: 'chain' }).plan;
    const first = nextStrategy({ ...base, tried: [chain] });
    expect(first.made?.plan.playbook.name).toBe('f');
    expect(first.passedOver).toMatchObject([{ playbook: 'gone' }]);
    expect(nextStrategy({ ...base, tried: [chain, planOf('f')] }).made).toBeUndefined();
  });

  it('is none where nothing was tried or the playbook wants none', () => {
    expect(nextStrategy({ ...base, tried: [] }).made).toBeUndefined();
    expect(nextStrategy({ ...base, tried: [{ ...planOf('a'), failover: 'off' }] }).made).toBeUndefined();
    const own = { ...planOf('a'), failover: undefined };
    expect(nextStrategy({ ...base, tried: [own] }).made).toBeUndefined();
    const builtin = { ...own, playbook: { name: 'a', source: 'builtin' as const } };
    expect(nextStrategy({ ...base, tried: [builtin] }).made?.plan.playbook.name).toBe('b');
  });
});
