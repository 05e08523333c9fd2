import { describe, expect, it } from 'vitest';
import { ComponentSpecSchema } from '../../../src/domain/component.schema.ts';
import { adviseRestart, describeEnding, isFailure, type ProcessEnding } from '../../../src/domain/process.ts';
import { ProbeSchema } from '../../../src/domain/probe.schema.ts';
import { builtInProcedure } from '../../../src/planner/built-in-procedures.ts';

const rule = { startLimitBurst: 3, intervalMs: 100, delayMs: 10, maxDelayMs: 15 };
const ending = (more: Partial<ProcessEnding>): ProcessEnding => ({
  ...{ exitCode: 0, signal: null, cause: 'exit', certain: true, at: null, uptimeMs: 1 },
  ...more,
});

describe('the start limit', () => {
  it('counts restarts within the interval since a person started it, and waits longer each time', () => {
    const restarts = [10, 50, 60].map((at) => ({ at, reason: 'restart' as const }));
    expect(adviseRestart([], rule, 0)).toEqual({ counted: 0, allowed: true, delayMs: 0 });
    expect(adviseRestart(restarts.slice(0, 1), rule, 20)).toEqual({ counted: 1, allowed: true, delayMs: 10 });
    expect(adviseRestart(restarts.slice(0, 2), rule, 55)).toEqual({ counted: 2, allowed: true, delayMs: 15 });
    expect(adviseRestart(restarts, rule, 70)).toMatchObject({ counted: 3, allowed: false });
    expect(adviseRestart(restarts, rule, 110)).toMatchObject({ counted: 2, allowed: true });
    expect(adviseRestart([...restarts, { at: 65, reason: 'start' }], rule, 70)).toMatchObject({ counted: 0 });
  });
});

describe('an end', () => {
  it('is a failure by the policy, unless somebody asked for it', () => {
    expect(isFailure('on-failure', ending({}), null)).toBe(false);
    expect(isFailure('never', ending({}), null)).toBe(false);
    expect(isFailure('always', ending({}), null)).toBe(true);
    expect(isFailure('on-failure', ending({ exitCode: 1 }), null)).toBe(true);
    expect(isFailure('on-failure', ending({ cause: 'signal', exitCode: null }), null)).toBe(true);
    const request = { by: 'ada', at: '' };
    expect(isFailure('always', ending({}), { ...request, purpose: 'stop' })).toBe(false);
    expect(isFailure('on-failure', ending({}), { ...request, purpose: 'restart' })).toBe(true);
  });

  it('is told with what is only a guess', () => {
    const guessed = ending({ cause: 'out-of-memory', signal: 'SIGKILL', certain: false, evidence: 'a guess: …' });
    expect(describeEnding(guessed)).toBe('was killed by SIGKILL, probably for want of memory (a guess: …)');
  });
});

describe('definitions', () => {
  const spec = ComponentSpecSchema.parse({
    process: { argv: ['a'], cwd: '/' },
    machine: { disk: { remove: [{ folder: '/var/log/web' }] } },
  });

  it('give a component its procedures, each on the input of its own', () => {
    const component = { name: 'web', file: 'c.yaml', spec };
    expect(builtInProcedure('restart-process', component)?.run).toMatchObject({
      activity: 'restartProcess',
      input: { process: { name: 'web', argv: ['a'], restart: { policy: 'on-failure', startLimitBurst: 5 } } },
    });
    expect(builtInProcedure('stop-process', component)?.undo).toMatchObject({ activity: 'startProcess' });
    expect(builtInProcedure('heal-disk', component)?.undo).toMatchObject({ activity: 'undoHealDisk' });
    expect(builtInProcedure('heal-memory', component)).toBeUndefined();
    expect(spec.machine?.disk?.remove[0]).toMatchObject({ olderThan: '7d' });
  });

  it('refuse a probe that names its process twice, or not at all', () => {
    const parse = (process: object) => ProbeSchema.safeParse({ name: 'a', process }).success;
    expect(parse({ supervised: 'web' })).toBe(true);
    expect(parse({ command: 'web' })).toBe(true);
    expect(parse({ supervised: 'web', command: 'web' })).toBe(false);
    expect(parse({})).toBe(false);
  });
});
