import { describe, expect, it } from 'vitest';
import { isClean, openAccount, requireWork, type Wrong } from '../../chaos/suite/account.ts';
import { documentOf, tableOf } from '../../chaos/suite/print-rows.ts';
import { judge, settle } from '../../chaos/suite/scenario.ts';
import { sampleReport } from '../../support/sample-report.ts';

const file = '/w/one';
const undo = (actionId: string) => ({ actionId, title: actionId, ok: true, attempts: 1, durationMs: 1 });
const report = (status: 'recovered' | 'escalated', undone: string[] = []) => ({
  ...sampleReport(),
  status,
  compensations: undone.map(undo),
});
const LIED = ['do-1', 'mend', 'do-2', 'undo-2', 'unmend', 'undo-1'];
const UNDONE = ['do-2', 'mend', 'do-1'];

const kindsOf = (found: [Wrong, string][]): Wrong[] => found.map(([wrong]) => wrong);

describe('what the chaos suite says of a recovery', () => {
  const effects = ['do-1', 'do-2', 'mend'];

  it('is nothing when all is well, whichever way it had to end', () => {
    expect(judge('MENDS', report('recovered'), { effects, thing: 'works', file })).toEqual([]);
    expect(judge('LIES', report('escalated', UNDONE), { effects: LIED, thing: 'hopes', file })).toEqual([]);
  });

  it.each<[string, Wrong[], Parameters<typeof judge>]>([
    [
      'an effect is missing',
      ['lost'],
      ['MENDS', report('recovered'), { effects: effects.slice(1), thing: 'works', file }],
    ],
    [
      'an effect came twice',
      ['doubled'],
      ['MENDS', report('recovered'), { effects: [...effects, 'do-1'], thing: 'works', file }],
    ],
    ['it only says that it works', ['unverified'], ['MENDS', report('recovered'), { effects, thing: 'hopes', file }]],
    ['nobody has looked at it', ['unverified'], ['MENDS', report('recovered'), { effects, thing: undefined, file }]],
    [
      'an undo is missing',
      ['undone'],
      ['LIES', report('escalated', UNDONE), { effects: LIED.slice(0, 5), thing: 'hopes', file }],
    ],
    ['the report hides an undo', ['undone'], ['LIES', report('escalated'), { effects: LIED, thing: 'hopes', file }]],
    [
      'it came in another order',
      ['other'],
      ['MENDS', report('recovered'), { effects: effects.toReversed(), thing: 'works', file }],
    ],
    ['it gave up', ['other'], ['MENDS', report('escalated'), { effects, thing: 'works', file }]],
    ['the report is none', ['lost'], ['MENDS', {}, { effects, thing: 'works', file }]],
  ])('names it when %s', (_what, wrong, given) => {
    expect(kindsOf(judge(...given))).toEqual(wrong);
  });

  it('is that it is lost when it was acknowledged and has no report', async () => {
    const account = openAccount('kills', 7, () => undefined);
    await settle(
      {
        name: 'one',
        kind: 'MENDS',
        report: () => Promise.reject(new Error('not found')),
        seen: () => ({ effects, thing: 'works', file }),
      },
      account,
    );
    expect(account.row).toMatchObject({ lost: 1, recoveries: 0 });
    expect(isClean(account.row)).toBe(false);
  });
});

describe('an experiment', () => {
  const verdict = { seed: 7, short: true, allowMissing: false };

  it('does not hold when it has done nothing', () => {
    const account = openAccount('kills', 7, () => undefined);
    requireWork(account);
    expect(account.row).toMatchObject({ other: 2 });
    expect(documentOf([account.row], verdict).holds).toBe(false);
  });

  it('holds when it was not run only where that was allowed', () => {
    const { row } = openAccount('disk', 7, () => undefined);
    row.skipped = 'mounting needs root';
    expect(documentOf([row], verdict).holds).toBe(false);
    expect(documentOf([row], { ...verdict, allowMissing: true }).holds).toBe(true);
    expect(tableOf([row])).toContain('not run: mounting needs root');
  });

  it('is a row with what to type to have a failure again', () => {
    const account = openAccount('kills', 7, () => undefined);
    account.fault('kills', 3);
    account.recovered();
    account.wrong('doubled', 'one: do-1 happened 2 times');
    const text = tableOf([account.row]);
    expect(text).toMatch(/kills +3 +1 +0 +1 +0 +0 +0 +BROKEN/);
    expect(text).toMatch(/total +3 +1 +0 +1 +0 +0 +0/);
    expect(text).toContain('--only kills --seed 7');
  });
});
