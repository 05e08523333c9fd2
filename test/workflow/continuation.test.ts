import { describe, expect, it } from 'vitest';
import { failTimes, failureOf, waitsFor } from '../support/broken-target.ts';
import { commandFailed, until } from '../support/harness.ts';
import { sharedHarness } from '../support/new-harness.ts';
import { ESCALATE, FIX, head, PLAIN_RETRY } from '../support/playbook-text.ts';

const STEP = (id: string, extra = '') => `    - {id: ${id}, type: run, run: {command: [${id}]}${extra}}\n`;
const PLAYBOOKS = [
  head('steps', 'approval: {timeout: 1h}') + STEP('one') + STEP('two') + PLAIN_RETRY + ESCALATE,
  head('undone') + STEP('drain', ', compensate: {command: [undrain]}') + PLAIN_RETRY + ESCALATE,
  head('waits') + STEP('drain', ', compensate: {command: [undrain]}') + FIX + PLAIN_RETRY,
  head('sleeps') + STEP('drain', ', compensate: {command: [undrain]}') + '    - {id: sleep, type: wait, for: 1h}\n',
  head('verifies', 'verify: {probes: [{name: up, tcp: {port: 1}}], within: 1h, every: 1s}') +
    STEP('drain', ', compensate: {command: [undrain]}') +
    PLAIN_RETRY,
  head('outputs') +
    STEP('one') +
    '    - {id: two, type: run, run: {command: [two, "{{ actions.one.output.exitCode }}"]}}\n' +
    ESCALATE,
].join('---\n');

const harness = sharedHarness(PLAYBOOKS);
const who = { by: 'ada', reason: 'mended' };
const commands = () =>
  harness.calls.flatMap((call) => (call.startsWith('runCommand') ? [call.slice('runCommand '.length)] : []));

const approve = async (handle: Awaited<ReturnType<typeof start>>['handle']) => {
  await waitsFor(handle, 'approval');
  await handle.approve({ planHash: (await handle.plan())!.hash, by: 'bob' });
};
const start = (playbook: string) => harness.recoveries.start(failureOf(harness), { playbook });

describe('going on with a closed recovery', () => {
  it('keeps what was done and its approval, and does the failed action again', async () => {
    let broken = true;
    harness.fakes['runCommand'] = ({ operation }: { operation: { argv: string[] } }) => {
      if (operation.argv[0] === 'two' && broken) throw commandFailed('not yet');
      return { exitCode: 0, durationMs: 1 };
    };
    const { handle } = await start('steps');
    await approve(handle);
    const first = await handle.result();
    expect(first.status).toBe('escalated');
    broken = false;
    harness.calls.length = 0;
    const { continuation } = await harness.recoveries.previewContinuation(harness.target);
    expect(continuation).toMatchObject({
      receipts: [{ id: 'one' }],
      again: [
        { id: 'two', doneBefore: true },
        { id: 'retry', doneBefore: false },
        { id: 'escalate', doneBefore: true },
      ],
      approvals: [{ by: 'bob', carriedFrom: first.runId }],
    });
    expect(commands()).toEqual([]);
    const again = await harness.recoveries.continueRecovery(harness.target, who);
    const report = await again.handle.result();
    expect(commands()).toEqual(['two', 'npm test']);
    expect(report).toMatchObject({
      status: 'recovered',
      plan: { hash: first.plan!.hash },
      approvals: [{ by: 'bob', carriedFrom: first.runId }],
      actions: [{ status: 'succeeded', note: `done in ${first.runId}` }, {}, {}, {}],
    });
    expect(report.timeline.find(({ by }) => by === 'ada')?.message).toContain('goes on with');
  });

  it('asks anew for an approval that was given to another plan', async () => {
    failTimes(harness, 99);
    const { handle } = await start('steps');
    await approve(handle);
    await handle.result();
    harness.fakes['planContinuation'] = async (input: { continues: { plan: string } }) => {
      const earlier = await handle.result();
      const plan = { ...earlier.plan!, hash: 'f'.repeat(64), verify: { ...earlier.plan!.verify, probes: [] } };
      expect(input.continues.plan).toBe('latest');
      return {
        classification: earlier.classification,
        plan,
        continuation: { receipts: [], leftOut: [], again: [], approvals: earlier.approvals },
      };
    };
    const again = await harness.recoveries.continueRecovery(harness.target, { ...who, plan: 'latest' });
    await waitsFor(again.handle, 'approval');
    await again.handle.cancel();
  });

  it('does again what was undone since, also when it begins behind it', async () => {
    let broken = true;
    harness.fakes['runCommand'] = ({ operation }: { operation: { argv: string[] } }) => {
      if (operation.argv[0] === 'npm' && broken) throw commandFailed('still broken');
      return { exitCode: 0, durationMs: 1 };
    };
    const { handle } = await start('undone');
    expect((await handle.result()).compensations).toHaveLength(1);
    harness.calls.length = 0;
    broken = false;
    const again = await harness.recoveries.continueRecovery(harness.target, { ...who, from: 'retry' });
    await again.handle.result();
    expect(commands()[0]).toBe('drain');
  });

  it('goes on after a kill, and knows the undo of what had begun', async () => {
    const { handle } = await start('waits');
    await waitsFor(handle, 'manual:fix');
    expect(await handle.kill(who)).toEqual({ left: ['drain'] });
    expect(commands()).toEqual(['drain']);
    const again = await harness.recoveries.continueRecovery(harness.target, { ...who, from: 'fix' });
    await waitsFor(again.handle, 'manual:fix');
    expect(commands()).toEqual(['drain']);
    await again.handle.cancel();
    expect((await again.handle.result()).compensations).toMatchObject([{ actionId: 'drain', ok: true }]);
    expect(commands()).toEqual(['drain', 'undrain']);
  });

  it('hands on what the kept actions put out', async () => {
    let broken = true;
    harness.fakes['runCommand'] = ({ operation }: { operation: { argv: string[] } }) => {
      if (operation.argv[0] === 'two' && broken) throw commandFailed('not yet');
      return { exitCode: 0, durationMs: 1 };
    };
    const { handle } = await start('outputs');
    await handle.result();
    broken = false;
    harness.calls.length = 0;
    await (await harness.recoveries.continueRecovery(harness.target, who)).handle.result();
    expect(commands()[0]).toBe('two 0');
  });

  it('is refused while it is open, where there is no such action, and with nothing left to do', async () => {
    const { handle } = await start('waits');
    await waitsFor(handle, 'manual:fix');
    const open = harness.recoveries.continueRecovery(harness.target, who);
    await expect(open).rejects.toMatchObject({ code: 'action-not-applicable' });
    await handle.completeManualStep({ actionId: 'fix', by: 'ada' });
    await handle.result();
    const nowhere = harness.recoveries.continueRecovery(harness.target, { ...who, from: 'nothing' });
    await expect(nowhere).rejects.toMatchObject({ code: 'action-not-applicable' });
    await expect(harness.recoveries.continueRecovery(harness.target, who)).rejects.toMatchObject({
      message: expect.stringContaining('every action of it was done') as string,
    });
    const missing = harness.recoveries.continueRecovery('no/such', who);
    await expect(missing).rejects.toMatchObject({ code: 'recovery-not-found' });
  });
});

it('begins an undo only when the work that a cancellation came upon has ended', async () => {
  const order: string[] = [];
  let finish: () => void = () => undefined;
  const work = new Promise<void>((resolve) => (finish = resolve));
  harness.fakes['runCommand'] = async ({ operation }: { operation: { argv: string[] } }) => {
    const word = operation.argv[0] ?? '';
    if (word === 'npm') await work;
    order.push(word);
    return { exitCode: 0, durationMs: 1 };
  };
  const { handle } = await start('undone');
  await until(() => Promise.resolve(commands().includes('npm test')), 'the work');
  await handle.cancel();
  await until(async () => (await handle.timeline()).some(({ message }) => message === 'drain succeeded'), 'a look');
  finish();
  expect((await handle.result()).status).toBe('cancelled');
  expect(order).toEqual(['drain', 'npm', 'undrain']);
});

/** Where a recovery can stand for long, and how to bring it there. */
const STATES = {
  awaiting_approval: { playbook: 'steps', key: 'approval' },
  awaiting_operator: { playbook: 'waits', key: 'manual:fix' },
  paused: { playbook: 'waits', key: 'resume' },
  executing: { playbook: 'sleeps', key: 'time' },
  verifying: { playbook: 'verifies', key: 'probes' },
} as const;

describe.each(Object.entries(STATES))('in the state %s', (status, { playbook, key }) => {
  const bring = async () => {
    harness.fakes['runProbe'] = () => ({
      name: 'up',
      kind: 'tcp',
      passed: false,
      observed: 'x',
      durationMs: 1,
      at: '',
    });
    const { handle } = await start(playbook);
    if (status === 'paused') await handle.pause(who);
    await until(async () => (await handle.status()).status === status, status);
    if (status === 'executing') await until(async () => (await handle.status()).currentAction === 'sleep', 'the sleep');
    if (key.includes(':')) await waitsFor(handle, key);
    return handle;
  };

  it('is cancelled, with what was begun undone', async () => {
    const handle = await bring();
    await handle.cancel();
    const report = await handle.result();
    expect(report.status).toBe('cancelled');
    expect(commands().includes('undrain')).toBe(commands().includes('drain'));
  });

  it('is killed, with nothing undone', async () => {
    const handle = await bring();
    await handle.kill(who);
    expect(await handle.isOpen()).toBe(false);
    expect(commands()).not.toContain('undrain');
    await until(async () => {
      const [found] = await harness.recoveries.listRecoveries({ target: harness.target });
      return found?.status === 'killed';
    }, 'the kill in the list');
  });

  it('takes only the answers that it waits for, and says why not the others', async () => {
    const handle = await bring();
    const plan = await handle.plan();
    const answers = {
      approval: () => handle.approve({ planHash: plan!.hash, by: 'ada' }),
      manual: () => handle.completeManualStep({ actionId: 'fix', by: 'ada' }),
      decision: () => handle.decide({ ...who, decision: 'skip', actionId: 'one' }),
      resume: () => handle.resume(who),
    };
    for (const [kind, send] of Object.entries(answers)) {
      if (key.startsWith(kind)) continue;
      await expect(send(), kind).rejects.toMatchObject({ code: expect.stringMatching(/refused$/) as string });
    }
    expect((await handle.status()).status).toBe(status);
    await handle.cancel();
    await handle.result();
  });

  it('is paused once, also while it waits for somebody else', async () => {
    const handle = await bring();
    if (status === 'paused') await expect(handle.pause(who)).rejects.toMatchObject({ code: 'decision-refused' });
    else await handle.pause(who);
    await handle.resume(who);
    await handle.cancel();
    expect((await handle.result()).status).toBe('cancelled');
  });

  it('takes a further report of the same failure in', async () => {
    const handle = await bring();
    expect((await start(playbook)).joined).toBe(true);
    expect((await handle.status()).joined).toBe(1);
    await handle.cancel();
    await handle.result();
  });
});

/** Lets the work of an activity end when the test says so. */
function heldBack(name: string, holds: (input: never) => boolean, answer: (input: never) => unknown) {
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  harness.fakes[name] = async (input: never) => {
    if (holds(input)) await held;
    return answer(input);
  };
  return release;
}

const wordOf = ({ operation }: { operation: { argv: string[] } }): string => operation.argv[0] ?? '';
const ANSWERS = {
  approve: (handle: Handle) => handle.approve({ planHash: 'f'.repeat(64), by: 'ada' }),
  completeManualStep: (handle: Handle) => handle.completeManualStep({ actionId: 'fix', by: 'ada' }),
  decide: (handle: Handle) => handle.decide({ ...who, decision: 'skip', actionId: 'fix' }),
  resume: (handle: Handle) => handle.resume(who),
};
type Handle = Awaited<ReturnType<typeof start>>['handle'];

describe('in the state compensating', () => {
  const bring = async () => {
    const release = heldBack(
      'runCommand',
      (input) => wordOf(input) === 'undrain',
      () => ({ exitCode: 0, durationMs: 1 }),
    );
    const { handle } = await start('waits');
    await waitsFor(handle, 'manual:fix');
    await handle.cancel();
    await until(() => Promise.resolve(commands().includes('undrain')), 'the undo');
    expect((await handle.status()).status).toBe('compensating');
    return { handle, release };
  };

  it('undoes once, whatever is sent meanwhile, and says why it does not take it', async () => {
    const { handle, release } = await bring();
    for (const [name, send] of Object.entries(ANSWERS))
      await expect(send(handle), name).rejects.toMatchObject({ code: expect.stringMatching(/refused$/) as string });
    await handle.cancel();
    expect((await start('waits')).joined).toBe(true);
    release();
    const report = await handle.result();
    expect(report).toMatchObject({ status: 'cancelled', compensations: [{ actionId: 'drain', ok: true }] });
    expect(report.joined).toHaveLength(1);
    expect(commands().filter((word) => word === 'undrain')).toHaveLength(1);
  });

  it('is killed, and says what was not undone', async () => {
    const { handle, release } = await bring();
    expect(await handle.kill(who)).toEqual({ left: ['drain'] });
    expect(await handle.isOpen()).toBe(false);
    release();
  });
});

describe('in the state planning', () => {
  const bring = async () => {
    const { handle: first } = await start('waits');
    const plan = await until(async () => (await first.plan()) ?? undefined, 'its plan');
    await harness.recoveries.getHandle(harness.target).kill(who);
    const release = heldBack(
      'makePlan',
      () => true,
      () => ({ classification: { category: 'UNKNOWN', type: 'unknown', severity: 'medium', rule: 'x' }, plan }),
    );
    const { handle } = await start('waits');
    await until(() => Promise.resolve(harness.calls.filter((call) => call === 'makePlan').length >= 2), 'the planning');
    return { handle, release };
  };

  it('is cancelled, with nothing done that was not undone', async () => {
    const { handle, release } = await bring();
    harness.calls.length = 0;
    await handle.cancel();
    release();
    const report = await handle.result();
    expect(report, report.summary).toMatchObject({ status: 'cancelled' });
    // An undo is registered before its effect, so it also runs where that was never begun.
    if (commands().includes('drain')) expect(commands()).toContain('undrain');
  });

  it('is killed, though its worker does not answer', async () => {
    const { handle, release } = await bring();
    try {
      const { left } = await handle.kill(who);
      // Where a task happens to end in between, the worker does answer: nothing had begun.
      expect([[], ['unknown, for no worker answered']]).toContainEqual(left);
      expect(await handle.isOpen()).toBe(false);
    } finally {
      release();
    }
  });
});
