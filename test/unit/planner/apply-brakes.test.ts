import { describe, expect, it } from 'vitest';
import type { BrakeReadings } from '../../../src/domain/brakes.ts';
import { FailureSchema } from '../../../src/domain/failure.schema.ts';
import { actsByItself, applyBrakes, findBrakes } from '../../../src/planner/apply-brakes.ts';
import { makePlan } from '../../../src/planner/make-plan.ts';
import { parsePlaybooks } from '../../support/parse-playbooks.ts';
import { ESCALATE, FIX, head, PLAIN_RETRY } from '../../support/playbook-text.ts';

const RUN = '    - {id: run, type: run, run: {activity: noop}}\n';
const sha256 = (text: string) => text.length.toString(16).padStart(64, '0');
const planOf = (extra: string, actions = RUN) =>
  makePlan({
    failure: FailureSchema.parse({ target: 'x/y', message: 'm' }),
    playbooks: parsePlaybooks(head('p', extra) + actions),
    checkpoints: [],
    defaultHost: 'h',
    id: 'p',
    now: '2026-01-01T00:00:00.000Z',
    sha256,
  }).plan;

const now = new Date('2026-01-01T12:00:00Z');
const minutesAgo = (minutes: number) => new Date(now.getTime() - minutes * 60_000);
const past = (minutes: number, status = 'recovered', failureType = 'unknown') => ({
  runId: String(minutes),
  status,
  failureType,
  startedAt: minutesAgo(minutes + 1),
  closedAt: minutesAgo(minutes),
});
const readings = (more: Partial<BrakeReadings> = {}): BrakeReadings => ({
  now,
  ofTarget: [],
  open: 0,
  targetsOfPlaybook: 0,
  ...more,
});
const limits = { maxConcurrent: 10 };
const brakesOf = (extra: string, more: Partial<BrakeReadings>) =>
  findBrakes(planOf(extra), readings(more), limits).map(({ brake }) => brake);

describe('brakes', () => {
  it.each([
    ['none where nothing is declared and little is open', '', { ofTarget: [past(1), past(2)], open: 9 }, []],
    ['the hour is full', 'limits: {perHour: 2}', { ofTarget: [past(1, 'failed'), past(50)] }, ['per-hour']],
    ['an older one does not count', 'limits: {perHour: 2}', { ofTarget: [past(1), past(60)] }, []],
    ['the fix did not hold', 'limits: {flapWindow: 15m}', { ofTarget: [past(14)] }, ['masking']],
    ['it held through the window', 'limits: {flapWindow: 15m}', { ofTarget: [past(15)] }, []],
    ['what was not fixed is not masked', 'limits: {flapWindow: 15m}', { ofTarget: [past(3, 'failed')] }, []],
    ['another failure is no flap', 'limits: {flapWindow: 15m}', { ofTarget: [past(3, 'recovered', 'git')] }, []],
    ['too many are open', '', { open: 10 }, ['concurrency']],
    ['too many targets', 'limits: {maxTargets: 3}', { targetsOfPlaybook: 3 }, ['blast-radius']],
    ['automation is off', '', { killSwitch: { by: 'ada', reason: 'freeze' } }, ['kill-switch']],
    ['the past is not known', '', { unknown: 'no visibility' }, ['unknown']],
  ] as const)('%s', (_, extra, more, expected) => {
    expect(brakesOf(extra, more)).toEqual(expected);
  });

  it('make a plan wait for a person, say why, and change its hash', () => {
    const plan = planOf('limits: {flapWindow: 15m}');
    const held = applyBrakes(
      plan,
      findBrakes(plan, readings({ ofTarget: [past(2), past(5)] }), limits),
      undefined,
      sha256,
    );
    expect(held).toMatchObject({ mode: 'propose', requiresApproval: true, approval: { onTimeout: 'escalate' } });
    expect(held.brakes).toMatchObject([{ brake: 'masking', count: 2 }]);
    expect(held.reasons.at(-1)).toContain('masking');
    expect(held.hash).not.toBe(plan.hash);
    expect(applyBrakes(plan, [], undefined, sha256)).toBe(plan);
  });

  it('let through who breaks the glass, and keep it in the plan', () => {
    const plan = planOf('');
    const brakes = findBrakes(plan, readings({ open: 99 }), limits);
    const let_ = applyBrakes(plan, brakes, { by: 'ada', reason: 'now' }, sha256);
    expect(let_).toMatchObject({ requiresApproval: false, mode: 'auto', brakesOverridden: { by: 'ada' } });
    expect(let_.brakes).toHaveLength(1);
  });

  it('hold only what acts by itself', () => {
    expect(actsByItself(planOf(''))).toBe(true);
    expect(actsByItself(planOf('mode: propose'))).toBe(false);
    expect(actsByItself(planOf('', FIX + ESCALATE))).toBe(false);
    expect(actsByItself(planOf('', PLAIN_RETRY + RUN))).toBe(true);
  });
});

describe('a mode for each risk', () => {
  it('is that of the plan: an action without an undo is of medium risk', () => {
    const modes = 'mode: {low: auto, medium: propose, high: observe}';
    expect(planOf(modes)).toMatchObject({ risk: 'medium', mode: 'propose', requiresApproval: true });
    expect(planOf(modes, ESCALATE)).toMatchObject({ risk: 'low', mode: 'auto', requiresApproval: false });
    expect(planOf('mode: {medium: auto}')).toMatchObject({ mode: 'auto' });
  });
});
