import { describe, expect, it } from 'vitest';
import type { CheckpointRecord, StateParts } from '../../src/domain/checkpoint.ts';
import { PipelineSchema } from '../../src/domain/pipeline.schema.ts';
import { recoveryId } from '../../src/domain/wire-names.ts';
import { fakeCheckpoint } from '../support/fake-checkpoint.ts';
import { commandFailed, until } from '../support/harness.ts';
import { sharedHarness } from '../support/new-harness.ts';
import { ESCALATE, FIX, head, PLAIN_RETRY } from '../support/playbook-text.ts';

const RETRY =
  '    - {id: retry, type: retry, retry: {maximumAttempts: 2, initialInterval: 1ms, maximumInterval: 1ms}}\n';
const PLAYBOOKS = [
  head('retry') + RETRY + ESCALATE,
  head('skip') + '    - {id: skip, type: skip}\n' + ESCALATE,
  head('resume') + '    - {id: resume, type: resume, from: latest}\n' + ESCALATE,
  head('rollback') +
    '    - {id: rollback, type: rollback, to: phase-start}\n    - {id: again, type: retry}\n' +
    ESCALATE,
  head('manual') + FIX + PLAIN_RETRY,
  head('manual-rollback') +
    FIX +
    '    - {id: rollback, type: rollback, to: phase-start}\n    - {id: retry, type: retry}\n',
].join('---\n');

type Step = Record<string, unknown> & { name: string; run: string[] };

const compile: Step = { name: 'compile', run: ['make'] };
const deploy: Step = { name: 'deploy', run: ['ship'] };
const smoke: Step = { name: 'smoke', run: ['look'] };

const harness = sharedHarness(PLAYBOOKS);

interface Run {
  phases?: Record<string, Step[]>;
  spec?: Record<string, unknown>;
  playbook?: string;
  key?: string;
}

function start({
  phases = { build: [compile], ship: [deploy, smoke] },
  spec = {},
  playbook = 'retry',
  key = 'first',
}: Run = {}) {
  const pipeline = PipelineSchema.parse({
    apiVersion: 'rerail/v1',
    kind: 'Pipeline',
    metadata: { name: 'release' },
    spec: { target: harness.target, ...spec, phases: Object.entries(phases).map(([name, steps]) => ({ name, steps })) },
  });
  return harness.recoveries.runs.start({
    pipeline,
    workspace: '/w',
    host: harness.host,
    key: `${harness.target.slice(5)}-${key}`,
    playbook,
  });
}

const finish = async (run: Run = {}) => (await start(run)).result();

const commands = () =>
  harness.calls.filter((call) => call.startsWith('runCommand ')).map((call) => call.slice('runCommand '.length));

/** Programs that fail so many times, and what the others put out. */
function programs(failures: Record<string, number>, outputs: Record<string, object> = {}): void {
  const left = { ...failures };
  harness.fakes['runCommand'] = ({ operation }: { operation: { argv: string[] } }) => {
    const word = operation.argv[0] ?? '';
    const failing = left[word] ?? 0;
    left[word] = failing - 1;
    if (failing > 0) throw commandFailed(`${word} failed`);
    return { exitCode: 0, durationMs: 1, ...(outputs[word] ? { output: outputs[word] } : {}) };
  };
}

/** Hangs this program until it is let go; the others work. */
function hang(word: string): () => void {
  let release: (value: unknown) => void = () => undefined;
  harness.fakes['runCommand'] = ({ operation }: { operation: { argv: string[] } }) =>
    operation.argv[0] === word ? new Promise((resolve) => (release = resolve)) : { exitCode: 0, durationMs: 1 };
  return () => release({ exitCode: 0, durationMs: 1 });
}

/** Restores nothing but the state parts that are given. */
function restoreTo(stateOf: (checkpointId: string) => StateParts | undefined): void {
  harness.fakes['restoreCheckpoint'] = ({ checkpointId }: { checkpointId: string }) => ({
    backup: null,
    result: {
      manifestSha256: '0'.repeat(64),
      plan: { changes: [], unchanged: 1 },
      verified: { files: 1 },
      state: stateOf(checkpointId),
    },
  });
}

const openRecovery = (handle: { status: () => Promise<{ openRecovery?: string }> }) =>
  until(async () => (await handle.status()).openRecovery, 'the recovery of the step');

describe('a run that succeeds', () => {
  it('takes a checkpoint at the ends of each phase, after each step and around an agent', async () => {
    const report = await finish({
      phases: {
        build: [compile],
        ship: [
          { ...deploy, checkpoint: false },
          { ...smoke, agent: 'looker' },
        ],
      },
    });
    expect(report).toMatchObject({ status: 'succeeded', recoveries: [], compensations: [] });
    expect(report.steps.map(({ status, attempts }) => [status, attempts])).toEqual([
      ['succeeded', 1],
      ['succeeded', 1],
      ['succeeded', 1],
    ]);
    expect(commands()).toEqual(['make', 'ship', 'look']);
    const taken = [...harness.checkpoints].reverse().map(({ info }) => info);
    expect(
      taken.map(({ type, phase, phaseIndex, stepIndex, stepName, agent }) => [
        type,
        phase,
        phaseIndex,
        stepIndex,
        stepName,
        agent,
      ]),
    ).toEqual([
      ['phase-start', 'build', 0, 0, undefined, undefined],
      ['auto', 'build', 0, 1, 'compile', undefined],
      ['phase-end', 'build', 0, 1, undefined, undefined],
      ['phase-start', 'ship', 1, 1, undefined, undefined],
      ['agent-start', 'ship', 1, 2, undefined, 'looker'],
      ['agent-end', 'ship', 1, 3, 'smoke', 'looker'],
      ['phase-end', 'ship', 1, 3, undefined, undefined],
    ]);
    expect(taken.map(({ parentId }) => parentId)).toEqual([undefined, ...taken.slice(0, -1).map(({ id }) => id)]);
    expect(taken.every(({ subject }) => subject === report.workflowId)).toBe(true);
    expect(report.checkpoints.map(({ id }) => id)).toEqual(taken.map(({ id }) => id));
    expect(harness.calls.filter((call) => call === 'recordCheckpoint')).toHaveLength(taken.length);
  });

  it('takes what its steps put out into its context, and into the checkpoints', async () => {
    const contexts: unknown[] = [];
    harness.fakes['captureCheckpoint'] = ({ info, state }: { info: CheckpointRecord['info']; state: StateParts }) => {
      contexts.push(state.context);
      return { ...fakeCheckpoint(info.id), info };
    };
    programs({}, { make: { version: '1.2.3', ready: false }, ship: { ready: true } });
    const report = await finish({ phases: { all: [compile, deploy] }, spec: { context: { channel: 'beta' } } });
    expect(report.context).toEqual({ channel: 'beta', version: '1.2.3', ready: true });
    expect(contexts).toEqual([
      { channel: 'beta' },
      { channel: 'beta', version: '1.2.3', ready: false },
      { channel: 'beta', version: '1.2.3', ready: true },
      { channel: 'beta', version: '1.2.3', ready: true },
    ]);
  });

  it('retries a step as its policy says before any recovery', async () => {
    programs({ make: 2 });
    const report = await finish({
      phases: { all: [{ ...compile, retry: { maximumAttempts: 3, initialInterval: '1ms' } }] },
    });
    expect(report).toMatchObject({
      status: 'succeeded',
      recoveries: [],
      steps: [{ status: 'succeeded', attempts: 3, recoveries: [] }],
    });
    expect(harness.calls).not.toContain('startRecovery');
  });

  it('refuses a second run with the same key while it is there', async () => {
    const release = hang('make');
    const handle = await start();
    await until(() => Promise.resolve(commands().includes('make')), 'the step');
    await expect(start()).rejects.toMatchObject({
      code: 'target-locked',
      remedy: expect.stringContaining('--key') as string,
    });
    release();
    expect((await handle.result()).status).toBe('succeeded');
  });
});

describe('a step that fails', () => {
  it('is recovered by trying it again, and the run goes on at the next one', async () => {
    programs({ make: 2 }, { make: { version: '1.2.3' } });
    const report = await finish();
    expect(report).toMatchObject({
      status: 'succeeded',
      context: { version: '1.2.3' },
      recoveries: [{ status: 'recovered', resolvedBy: 'retry', primary: true }],
    });
    expect(report.steps.map(({ status }) => status)).toEqual(['recovered', 'succeeded', 'succeeded']);
    expect(report.steps[0]?.recoveries).toEqual([report.recoveries[0]?.recoveryRunId]);
    expect(report.steps[0]?.error).toMatchObject({ code: 'command-failed', message: 'make failed' });
    expect(commands()).toEqual(['make', 'make', 'make', 'ship', 'look']);
    expect(report.summary).toContain('3 of 3 steps done, 1 of them recovered');
  });

  it('is skipped where it is optional, and the run goes on', async () => {
    programs({ ship: 99 });
    const report = await finish({ phases: { all: [compile, { ...deploy, optional: true }, smoke] }, playbook: 'skip' });
    expect(report).toMatchObject({ status: 'succeeded', recoveries: [{ status: 'partial', resolvedBy: 'skip' }] });
    expect(report.steps.map(({ status }) => status)).toEqual(['succeeded', 'skipped', 'succeeded']);
    expect(report.summary).toContain('1 skipped');
    expect(commands()).toEqual(['make', 'ship', 'look']);
  });

  it('is not skipped where it is not optional', async () => {
    programs({ ship: 99 });
    const report = await finish({ phases: { all: [compile, deploy, smoke] }, playbook: 'skip' });
    expect(report).toMatchObject({ status: 'failed', recoveries: [{ status: 'escalated' }] });
    expect(report.steps.map(({ status }) => status)).toEqual(['succeeded', 'failed', 'pending']);
  });

  it('is resumed from the last checkpoint: restored, then only itself again', async () => {
    programs({ look: 1 });
    const report = await finish({ playbook: 'resume' });
    const [outcome] = report.recoveries;
    const restored = harness.checkpoints.find(({ info }) => info.id === outcome?.restoredCheckpointId);
    expect(report).toMatchObject({ status: 'succeeded', recoveries: [{ resolvedBy: 'resume' }] });
    expect(restored?.info).toMatchObject({ type: 'auto', stepName: 'deploy', stepIndex: 2 });
    expect(commands()).toEqual(['make', 'ship', 'look', 'look']);
    expect(harness.calls.indexOf('restoreCheckpoint')).toBeLessThan(harness.calls.lastIndexOf('runCommand look'));
  });

  it('is rolled back to the start of its phase: the steps since run again, in order, from the context of then', async () => {
    const states = new Map<string, StateParts>();
    harness.fakes['captureCheckpoint'] = ({ info, state }: { info: CheckpointRecord['info']; state: StateParts }) => {
      const record = { ...fakeCheckpoint(info.id), info, host: harness.host };
      states.set(info.id, structuredClone(state));
      harness.checkpoints.unshift(record);
      return record;
    };
    restoreTo((id) => states.get(id));
    let tries = 0;
    harness.fakes['runCommand'] = ({ operation }: { operation: { argv: string[] } }) => {
      const word = operation.argv[0] ?? '';
      if (word === 'prepare')
        return { exitCode: 0, durationMs: 1, output: tries === 0 ? { stale: true, slot: 'blue' } : { slot: 'green' } };
      if (word === 'look' && tries++ === 0) throw commandFailed('look failed');
      return { exitCode: 0, durationMs: 1, output: { [word]: true } };
    };
    const report = await finish({
      phases: { build: [compile], ship: [{ name: 'prepare', run: ['prepare'] }, deploy, smoke] },
      playbook: 'rollback',
    });
    expect(report).toMatchObject({ status: 'succeeded', recoveries: [{ status: 'recovered', resolvedBy: 'retry' }] });
    expect(commands()).toEqual(['make', 'prepare', 'ship', 'look', 'prepare', 'ship', 'look']);
    const restored = harness.checkpoints.find(({ info }) => info.id === report.recoveries[0]?.restoredCheckpointId);
    expect(restored?.info).toMatchObject({ type: 'phase-start', phase: 'ship', stepIndex: 1 });
    expect(report.context).toEqual({ make: true, slot: 'green', ship: true, look: true });
    expect(report.steps.map(({ status }) => status)).toEqual(['succeeded', 'succeeded', 'succeeded', 'recovered']);
  });

  it('stops the run without a recovery where the pipeline allows none', async () => {
    programs({ make: 99 });
    const report = await finish({ spec: { maxRecoveriesPerStep: 0 } });
    expect(report).toMatchObject({
      status: 'failed',
      recoveries: [],
      error: { code: 'command-failed', message: 'compile failed again after 0 recoveries: make failed' },
    });
    expect(harness.calls).not.toContain('startRecovery');
    expect(commands()).toEqual(['make']);
  });
});

describe('a step that makes artifacts', () => {
  const made = [{ name: 'app', path: 'dist/app', type: 'binary' }];
  interface Saving {
    subject: string;
    workspace: string;
    artifacts: object[];
    key: string;
  }
  /** Refuses so many times, and then remembers what it was asked to save. */
  function saves(failures = 0): Saving[] {
    const saved: Saving[] = [];
    let left = failures;
    harness.fakes['saveArtifacts'] = (input: Saving) => {
      left -= 1;
      if (left >= 0) throw commandFailed('dist/app is not there');
      saved.push(input);
      return [];
    };
    return saved;
  }

  it('has them saved once, before the checkpoint that follows it', async () => {
    const saved = saves();
    const report = await finish({ phases: { build: [{ ...compile, artifacts: made }, smoke] } });
    expect(report.status).toBe('succeeded');
    expect(saved).toMatchObject([{ subject: report.subject, workspace: '/w', artifacts: made }]);
    expect(saved[0]?.key).toContain('build/compile/1');
    const after = harness.calls.slice(harness.calls.indexOf('runCommand make') + 1);
    expect(after.filter((call) => ['saveArtifacts', 'captureCheckpoint'].includes(call)).slice(0, 2)).toEqual([
      'saveArtifacts',
      'captureCheckpoint',
    ]);
  });

  it('has failed when one is missing, and is tried again', async () => {
    const saved = saves(1);
    const retry = { maximumAttempts: 2, initialInterval: '1ms', maximumInterval: '1ms' };
    const report = await finish({ phases: { build: [{ ...compile, artifacts: made, retry }] } });
    expect(report.steps[0]).toMatchObject({ status: 'succeeded', attempts: 2 });
    expect(saved).toHaveLength(1);
    expect(saved[0]?.key).toContain('build/compile/2');
  });

  it('has them saved when a recovery has done it, and not when it was skipped', async () => {
    const saved = saves();
    programs({ make: 1 });
    const report = await finish({ phases: { build: [{ ...compile, artifacts: made }] } });
    expect(report.steps[0]).toMatchObject({ status: 'recovered' });
    expect(saved).toHaveLength(1);
    programs({ make: 1 });
    const skipped = await finish({
      phases: { build: [{ ...compile, artifacts: made, optional: true }] },
      playbook: 'skip',
      key: 'second',
    });
    expect(skipped.steps[0]).toMatchObject({ status: 'skipped' });
    expect(saved).toHaveLength(1);
  });

  it('has those of the steps saved again that a recovery has gone back behind', async () => {
    const saved = saves();
    programs({ look: 1 });
    restoreTo(() => undefined);
    const report = await finish({
      phases: {
        build: [{ ...compile, artifacts: made }],
        ship: [{ ...deploy, artifacts: [{ name: 'notes', path: 'notes' }] }, smoke],
      },
      playbook: 'rollback',
    });
    expect(report.status).toBe('succeeded');
    expect(commands()).toEqual(['make', 'ship', 'look', 'ship', 'look']);
    expect(saved.map(({ artifacts }) => artifacts)).toMatchObject([
      [{ name: 'app' }],
      [{ name: 'notes' }],
      [{ name: 'notes' }],
    ]);
    expect(saved[2]).toMatchObject({ missing: 'skip' });
    expect(saved[2]?.key).not.toBe(saved[1]?.key);
  });

  it('stops the run when a recovery has done it and they are still missing', async () => {
    saves(9);
    programs({ make: 1 });
    const report = await finish({ phases: { build: [{ ...compile, artifacts: made }] } });
    expect(report).toMatchObject({ status: 'failed', error: { message: 'dist/app is not there' } });
  });
});

describe('a run that has to stop', () => {
  const undone = {
    build: [{ ...compile, compensate: ['unmake'] }],
    ship: [deploy, { ...smoke, compensate: ['unlook'] }, { name: 'announce', run: ['tell'], compensate: ['untell'] }],
  };

  it('undoes the steps it has begun, newest first, the failing one too, when a recovery gives up', async () => {
    programs({ look: 99 });
    const report = await finish({ phases: undone });
    expect(report).toMatchObject({ status: 'failed', recoveries: [{ status: 'escalated' }] });
    expect(commands()).toEqual(['make', 'ship', 'look', 'look', 'look', 'unlook', 'unmake']);
    expect(report.compensations.map(({ actionId, ok }) => [actionId, ok])).toEqual([
      ['ship/smoke', true],
      ['build/compile', true],
    ]);
    expect(report.steps.map(({ status }) => status)).toEqual(['compensated', 'succeeded', 'compensated', 'pending']);
    expect(report.error?.message).toContain('escalated');
  });

  it('tells in its first words of an undo that failed, and still does the others', async () => {
    programs({ look: 99, unlook: 99 });
    const report = await finish({ phases: undone });
    expect(report.compensations.map(({ actionId, ok, attempts }) => [actionId, ok, attempts])).toEqual([
      ['ship/smoke', false, 3],
      ['build/compile', true, 1],
    ]);
    expect(report.compensations[0]?.error).toMatchObject({ code: 'command-failed', message: 'unlook failed' });
    expect(report.summary).toMatch(/^1 undo failed/);
    expect(report.steps.map(({ status }) => status)).toEqual(['compensated', 'succeeded', 'failed', 'pending']);
  });

  it('undoes what it has begun when it is cancelled in the middle of a step', async () => {
    const release = hang('look');
    const handle = await start({ phases: undone });
    await until(() => Promise.resolve(commands().includes('look')), 'the step');
    await handle.cancel();
    const report = await handle.result();
    release();
    expect(report).toMatchObject({ status: 'cancelled', error: { message: 'cancelled on request' } });
    expect(commands()).toEqual(['make', 'ship', 'look', 'unlook', 'unmake']);
    expect(report.compensations.map(({ ok }) => ok)).toEqual([true, true]);
  });

  it('cancels the recovery that it has asked for', async () => {
    programs({ look: 99 });
    const handle = await start({ phases: undone, playbook: 'manual' });
    const recovery = harness.client.workflow.getHandle(await openRecovery(handle));
    await handle.cancel();
    expect(await handle.result()).toMatchObject({ status: 'cancelled' });
    expect(await recovery.result()).toMatchObject({ status: 'cancelled' });
  });

  it('leaves a recovery alone that somebody else had asked for', async () => {
    programs({ look: 99 });
    const failure = { target: harness.target, message: 'somebody saw it first' };
    const { handle: recovery } = await harness.recoveries.start(failure, { playbook: 'manual' });
    const handle = await start({ phases: undone });
    await until(async () => (await recovery.status()).joined === 1, 'the second report');
    await handle.cancel();
    expect(await handle.result()).toMatchObject({ status: 'cancelled' });
    expect(await recovery.status()).toMatchObject({ waitingFor: { kind: 'manual' } });
    await recovery.cancel();
  });

  it('notices by itself that its recovery was killed, and undoes what it has begun', async () => {
    programs({ look: 99 });
    const handle = await start({ phases: undone, playbook: 'manual' });
    const recovery = await openRecovery(handle);
    await harness.client.workflow.getHandle(recovery).terminate('killed by a test');
    const report = await handle.result();
    expect(harness.calls).toContain('lookAtRecovery');
    expect(report).toMatchObject({
      status: 'failed',
      recoveries: [],
      error: { message: 'the recovery of smoke was killed and gave no answer' },
    });
    expect(commands()).toEqual(['make', 'ship', 'look', 'unlook', 'unmake']);
  });
});

describe('two runs of one target', () => {
  it('share a recovery, and the second tries its own step again', async () => {
    programs({ make: 1, ship: 1 });
    const first = await start({ phases: { all: [compile] }, playbook: 'manual' });
    const recovery = await openRecovery(first);
    const second = await start({ phases: { all: [deploy] }, playbook: 'manual', key: 'second' });
    expect(await openRecovery(second)).toBe(recovery);
    const shared = harness.recoveries.getHandle(recovery);
    await until(async () => (await shared.status()).joined === 1, 'the second report');
    await shared.completeManualStep({ actionId: 'fix', by: 'ada' });
    const [one, two] = await Promise.all([first.result(), second.result()]);
    expect(one).toMatchObject({
      status: 'succeeded',
      steps: [{ status: 'recovered', attempts: 1 }],
      recoveries: [{ primary: true }],
    });
    expect(two).toMatchObject({
      status: 'succeeded',
      steps: [{ status: 'succeeded', attempts: 2 }],
      recoveries: [{ primary: false }],
    });
    expect(commands().filter((command) => command === 'ship')).toHaveLength(2);
  });

  it('keep their own context when the recovery that they share rolls one of them back', async () => {
    programs({ make: 1, ship: 1 });
    restoreTo(() => ({ context: { first: 'restored' } }));
    const first = await start({ phases: { all: [compile] }, playbook: 'manual-rollback' });
    const shared = harness.recoveries.getHandle(await openRecovery(first));
    const second = await start({
      phases: { all: [deploy] },
      spec: { context: { second: 'own' } },
      playbook: 'manual-rollback',
      key: 'second',
    });
    await until(async () => (await shared.status()).joined === 1, 'the second report');
    await shared.completeManualStep({ actionId: 'fix', by: 'ada' });
    expect((await first.result()).context).toEqual({ first: 'restored' });
    expect((await second.result()).context).toEqual({ second: 'own' });
  });

  it('stop when the step fails after as many recoveries as the pipeline allows', async () => {
    programs({ make: 1, ship: 99 });
    const first = await start({ phases: { all: [compile] }, playbook: 'manual' });
    const shared = harness.recoveries.getHandle(await openRecovery(first));
    const second = await start({
      phases: { all: [deploy] },
      spec: { maxRecoveriesPerStep: 1 },
      playbook: 'manual',
      key: 'second',
    });
    await until(async () => (await shared.status()).joined === 1, 'the second report');
    await shared.completeManualStep({ actionId: 'fix', by: 'ada' });
    expect((await first.result()).status).toBe('succeeded');
    expect(await second.result()).toMatchObject({
      status: 'failed',
      steps: [{ status: 'failed', attempts: 2 }],
      error: { message: 'deploy failed again after 1 recoveries: ship failed' },
    });
    expect((await harness.recoveries.getHandle(recoveryId(harness.target)).report()).runId).toBe(
      (await first.result()).recoveries[0]?.recoveryRunId,
    );
  });
});
