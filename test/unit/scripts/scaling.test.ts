import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ResultSchema } from '../../../scripts/prove/result.ts';
import { ASSUMPTIONS, assumptionsOf, defaultAssumptions } from '../../../scripts/scale/assumptions.ts';
import { MeasuredSchema } from '../../../scripts/scale/measured.ts';
import { breaksOf, modelOf } from '../../../scripts/scale/model.ts';
import { modelMarkdown, scalingMarkdown } from '../../../scripts/scale/scaling-markdown.ts';
import { show, showBytes, showCount } from '../../../scripts/scale/show.ts';
import { makePage } from '../../../scripts/scale/write-page.ts';

const read = (file: string): string => readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8');
const result = ResultSchema.parse(JSON.parse(read('docs/results/scale.json')));
const measured = MeasuredSchema.parse(result.output);

describe('docs/scaling.md', () => {
  it('is what `npm run scaling` makes of docs/results/scale.json', async () => {
    expect(await makePage()).toBe(read('docs/scaling.md'));
  });

  it('takes its figures from the results', () => {
    const [first] = measured.recoveries;
    const more = {
      ...measured,
      recoveries: [{ ...first, history: { ...first?.history, events: 4711 } }, ...measured.recoveries.slice(1)],
    };
    expect(scalingMarkdown({ ...result, output: more }, '{{plans}}', defaultAssumptions())).toContain('| 4,711 |');
  });

  it('refuses a template that asks for what is not there', () => {
    expect(() => scalingMarkdown(result, '{{nothing}}', defaultAssumptions())).toThrow('asks for nothing');
  });

  it('comes from the whole bench', () => {
    expect(measured.quick).toBe(false);
    expect(measured.most).toBeGreaterThanOrEqual(1000);
  });
});

describe('the model', () => {
  const base = modelOf(measured, defaultAssumptions());

  it('needs twice as much for twice as many recoveries, where nothing else lives', () => {
    const alone = { ...defaultAssumptions(), monitors: 1e-9, breakers: 1e-9 };
    const one = modelOf(measured, alone);
    const two = modelOf(measured, { ...alone, recoveriesPerDay: 2 * alone.recoveriesPerDay });
    for (const rate of ['stateTransitions', 'databaseWrites', 'workflowTasks', 'activityTasks'] as const)
      expect(two.rates[rate]).toBeCloseTo(2 * one.rates[rate], 6);
    expect(two.open).toBeCloseTo(2 * one.open, 6);
    expect(two.perDay.historyBytes).toBeCloseTo(2 * one.perDay.historyBytes, 0);
  });

  it('counts a recovery of three actions as it was measured, with its share of approvals and checkpoints', () => {
    const bare = modelOf(measured, { ...defaultAssumptions(), approvals: 1e-12, checkpoints: 1e-12 });
    const plan = measured.recoveries.find(({ name }) => name === 'plan-3');
    expect(bare.unit.events).toBeCloseTo(plan?.history.events ?? 0, 6);
    expect(base.unit.events).toBeGreaterThan(bare.unit.events);
  });

  it('takes shards as a power of two that a slower database has more of', () => {
    expect(Number.isInteger(Math.log2(base.shards))).toBe(true);
    expect(modelOf(measured, { ...defaultAssumptions(), writeMs: 50 }).shards).toBeGreaterThan(base.shards);
  });

  it('orders what gives way, and the brake by the open recoveries', () => {
    const breaks = breaksOf(measured, defaultAssumptions());
    const at = breaks.map(({ recoveriesPerDay }) => recoveriesPerDay);
    expect(at).toEqual([...at].sort((a, b) => a - b));
    const brake = breaks.find(({ what }) => what.includes('brake'));
    // 100 open at a time.
    expect(brake?.recoveriesPerDay).toBeCloseTo((100 / base.open) * 1_000_000, 3);
  });
});

describe('assumptions', () => {
  it('are options with a default each', () => {
    expect(assumptionsOf({})).toEqual(defaultAssumptions());
    expect(assumptionsOf({ 'recoveries-per-day': '20000', 'checkpoint-mb': '0.5' })).toMatchObject({
      recoveriesPerDay: 20_000,
      checkpointMB: 0.5,
    });
    expect(new Set(ASSUMPTIONS.map(({ flag }) => flag)).size).toBe(ASSUMPTIONS.length);
  });

  it.each(['0', '-1', 'many', ''])('are refused as %j', (given) => {
    expect(() => assumptionsOf({ peak: given })).toThrow('--peak takes a number above 0');
  });

  it('change the model that is printed', () => {
    const small = modelMarkdown(result, { ...defaultAssumptions(), recoveriesPerDay: 1000 });
    expect(small).toContain('| 1,000 a day |');
    expect(small).not.toBe(modelMarkdown(result, defaultAssumptions()));
  });
});

it('figures are shown with three digits', () => {
  expect([0, 1.2345, 12_345, 999.9, 1_234_567].map(show)).toEqual(['0', '1.23', '12,300', '1,000', '1,230,000']);
  expect([2, 2.25, 1234.5].map(showCount)).toEqual(['2', '2.3', '1,234.5']);
  expect([12, 11_499, 26_700_000_000].map(showBytes)).toEqual(['12 B', '11.5 kB', '26.7 GB']);
});
