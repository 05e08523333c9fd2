import { describe, expect, it } from 'vitest';
import type { StateParts } from '../../src/domain/checkpoint.ts';
import { PipelineSchema } from '../../src/domain/pipeline.schema.ts';
import { fakeCheckpoint } from '../support/fake-checkpoint.ts';
import { waitsFor } from '../support/broken-target.ts';
import { commandFailed, until } from '../support/harness.ts';
import { sharedHarness } from '../support/new-harness.ts';
import { ESCALATE, head, PLAIN_RETRY } from '../support/playbook-text.ts';

const PLAYBOOKS = [
  head('retry') + PLAIN_RETRY + ESCALATE,
  head('asks') + '    - {id: retry, type: retry, optional: false}\n',
  head('rollback') + '    - {id: rollback, type: rollback, to: phase-start}\n' + PLAIN_RETRY + ESCALATE,
].join('---\n');
const harness = sharedHarness(PLAYBOOKS);

interface Given {
  phases: { name: string; parallel?: boolean; steps: Record<string, unknown>[] }[];
  spec?: Record<string, unknown>;
  start?: Record<string, unknown>;
}

const parse = ({ phases, spec = {} }: Given) =>
  PipelineSchema.parse({
    apiVersion: 'rerail/v1',
    kind: 'Pipeline',
    metadata: { name: 'release' },
    spec: { target: harness.target, ...spec, phases },
  });

const start = (given: Given) =>
  harness.recoveries.runs.start({
    pipeline: parse(given),
    workspace: '/w',
    host: harness.host,
    key: harness.target.slice(5),
    playbook: 'retry',
    ...given.start,
  });
const run = async (given: Given) => (await start(given)).result();
const one = (...steps: Record<string, unknown>[]) => [{ name: 'only', steps }];
const step = (name: string, more: object = {}) => ({ name, run: [name], ...more });
const commands = () =>
  harness.calls.flatMap((call) => (call.startsWith('runCommand ') ? [call.slice('runCommand '.length)] : []));

/** What each command puts out; a number lets it fail so many times. */
function programs(given: Record<string, object | number>): void {
  const left: Record<string, object | number> = { ...given };
  harness.fakes['runCommand'] = ({ operation }: { operation: { argv: string[] } }) => {
    const word = operation.argv[0] ?? '';
    const what = left[word];
    if (typeof what === 'number' && what > 0) {
      left[word] = what - 1;
      throw commandFailed(`${word} failed`);
    }
    return { exitCode: 0, durationMs: 1, ...(typeof what === 'object' ? { output: what } : {}) };
  };
}

describe('what a step does', () => {
  it('is a command, an activity, a request or a child workflow, each with what came before it', async () => {
    const seen: unknown[] = [];
    harness.fakes['noop'] = (input: unknown) => {
      seen.push(input);
      return { port: 7 };
    };
    harness.fakes['callHttp'] = ({ operation }: { operation: object }) => {
      seen.push(operation);
      return { httpStatus: 200, durationMs: 1, output: { ready: true } };
    };
    programs({ build: { version: 'v2' } });
    const child = {
      pipeline: parse({ phases: one(step('inner')), spec: { target: `${harness.target}-child` } }),
      key: 'k',
      target: `${harness.target}-child`,
      subject: `run/inner/${harness.target.slice(5)}`,
      workspace: '/w',
      host: harness.host,
    };
    const report = await run({
      phases: one(
        step('build'),
        {
          name: 'pool',
          activity: { name: 'noop', input: { tag: '{{ steps.build.output.version }}', n: '{{ inputs.n }}' } },
        },
        {
          name: 'ask',
          http: { url: 'http://127.0.0.1:{{ context.port }}/ready', method: 'POST', body: '{{ inputs.flags }}' },
        },
        { name: 'inner', workflow: { type: 'protectedRun', input: child } },
      ),
      spec: {
        inputs: { n: { type: 'number', default: 3 }, flags: { type: 'json', default: { fast: true } } },
        outputs: { version: '{{ steps.build.output.version }}', ready: '{{ steps.ask.output.ready }}' },
      },
    });
    expect(report).toMatchObject({ status: 'succeeded', outputs: { version: 'v2', ready: true } });
    expect(seen).toEqual([
      { tag: 'v2', n: 3 },
      expect.objectContaining({ url: 'http://127.0.0.1:7/ready', body: { fast: true } }),
    ]);
    expect(commands()).toEqual(['build', 'inner']);
  });

  it('is recovered whatever it is: the same activity again, with the same input', async () => {
    const inputs: unknown[] = [];
    harness.fakes['noop'] = (input: unknown) => {
      inputs.push(input);
      if (inputs.length < 2) throw commandFailed('not yet');
      return { fine: true };
    };
    const report = await run({ phases: one({ name: 'pool', activity: { name: 'noop', input: { size: 2 } } }) });
    expect(report).toMatchObject({ status: 'succeeded', steps: [{ status: 'recovered' }], context: { fine: true } });
    expect(inputs).toEqual([{ size: 2 }, { size: 2 }]);
  });
});

it('takes what a person supplies for a step into its data', async () => {
  programs({ build: 99 });
  const handle = await start({ phases: one(step('build'), step('ship')), start: { playbook: 'asks' } });
  const recovery = harness.recoveries.getHandle(harness.target);
  await until(async () => (await handle.status()).openRecovery !== undefined, 'the recovery');
  await waitsFor(recovery, 'decision:retry');
  await recovery.decide({
    decision: 'supply',
    actionId: 'retry',
    by: 'ada',
    reason: 'built by hand',
    output: { version: 'v9' },
  });
  expect(await handle.result()).toMatchObject({ status: 'succeeded', context: { version: 'v9' } });
});

describe('which steps are done', () => {
  it('is decided by their conditions and lanes, and what is left out is no failure', async () => {
    programs({ probe: { color: 'green', count: 0 } });
    const report = await run({
      phases: one(
        step('probe'),
        step('a', { when: '{{ inputs.deploy }}' }),
        step('b', { when: '{{ context.count }}' }),
        step('c', { when: { value: '{{ context.color }}', equals: 'green' } }),
        step('d', { when: { value: '{{ context.color }}', in: ['red', 'blue'] } }),
        step('e', { when: { value: '{{ steps.probe.output.color }}', notEquals: 'red' } }),
        step('f', { lanes: ['heavy'] }),
        step('g', { lanes: ['standard', 'heavy'] }),
      ),
      spec: { inputs: { deploy: { type: 'boolean' } } },
      start: { inputs: { deploy: true } },
    });
    expect(commands()).toEqual(['probe', 'a', 'c', 'e', 'g']);
    expect(report.status).toBe('succeeded');
    expect(report.steps.filter(({ status }) => status === 'not_needed').map(({ step: name }) => name)).toEqual([
      'b',
      'd',
      'f',
    ]);
    expect(report.steps.at(6)?.note).toBe('only in lane heavy');
  });

  it.each([
    [{}, 'input "deploy" is missing'],
    [{ deploy: 'yes' }, 'must be a boolean'],
    [{ deploy: true, other: 1 }, 'has no input "other"'],
  ])('is refused before anything starts with inputs %j', async (inputs, message) => {
    const given = { phases: one(step('a')), spec: { inputs: { deploy: { type: 'boolean' } } }, start: { inputs } };
    await expect(start(given)).rejects.toMatchObject({
      code: 'invalid-input',
      message: expect.stringContaining(message) as string,
    });
  });
});

describe('a parallel phase', () => {
  it('does its steps at once, and hands over what failed when all have ended', async () => {
    const order: string[] = [];
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    let failures = 1;
    harness.fakes['runCommand'] = async ({ operation }: { operation: { argv: string[] } }) => {
      const word = operation.argv[0] ?? '';
      order.push(word);
      if (word === 'slow') await gate;
      if (word === 'bad' && failures-- > 0) throw commandFailed('bad failed');
      return { exitCode: 0, durationMs: 1, output: { [word]: true } };
    };
    const handle = await start({
      phases: [
        { name: 'checks', parallel: true, steps: [step('slow'), step('bad'), step('good')] },
        ...one(step('after')),
      ],
    });
    await until(async () => {
      const { steps } = await handle.status();
      return steps[1]?.status === 'failed' && steps[2]?.status === 'succeeded';
    }, 'the others');
    expect(await handle.status()).toMatchObject({ status: 'running' });
    release();
    const report = await handle.result();
    expect(report.steps.map(({ status }) => status)).toEqual(['succeeded', 'recovered', 'succeeded', 'succeeded']);
    expect(order.slice(3)).toEqual(['bad', 'after']);
    expect(report.context).toEqual({ slow: true, bad: true, good: true, after: true });
    expect(report.checkpoints.map(({ name }) => name)).toEqual([
      'checks: start',
      'checks: end',
      'only: start',
      'after after',
      'only: end',
    ]);
  });

  it('that is rolled back has its neighbours done again as well, the failed step last', async () => {
    programs({ bad: 1 });
    const report = await run({
      phases: [{ name: 'checks', parallel: true, steps: [step('bad'), step('good')] }],
      start: { playbook: 'rollback' },
    });
    expect(report.status).toBe('succeeded');
    expect(commands().slice(2)).toEqual(['good', 'bad']);
  });

  it('has every undo registered before any of its steps begins', async () => {
    programs({ bad: 99 });
    const undo = (name: string) => step(name, { compensate: [`un${name}`] });
    const report = await run({ phases: [{ name: 'checks', parallel: true, steps: [undo('good'), undo('bad')] }] });
    expect(report.status).toBe('failed');
    expect(report.compensations.map(({ actionId }) => actionId)).toEqual(['checks/bad', 'checks/good']);
  });
});

describe('a run that goes on from a checkpoint', () => {
  const restored = (state: StateParts) => {
    harness.fakes['restoreCheckpoint'] = ({ backup }: { backup: object }) => ({
      backup: { ...fakeCheckpoint('cp_00000000000000000000BACKUP'), info: backup },
      result: { manifestSha256: '0'.repeat(64), plan: { changesTotal: 2 }, state },
    });
  };
  const place = (completedPhases: string[], stepIndex: number): StateParts => ({
    workflow: { currentPhase: 'x', completedPhases, status: 'running', stepIndex },
    context: { built: true },
    agentStates: { writer: { page: 3 } },
  });
  const phases = [
    { name: 'build', steps: [step('compile'), step('lint')] },
    { name: 'ship', steps: [step('deploy', { when: '{{ context.built }}' })] },
  ];
  const resumeFrom = { checkpointId: 'cp_00000000000000000000000001', by: 'ada', reason: 'again' };

  it('restores it, takes its data along, and does only what comes after', async () => {
    restored(place([], 1));
    const report = await run({ phases, start: { resumeFrom } });
    expect(commands()).toEqual(['lint', 'deploy']);
    expect(report).toMatchObject({
      status: 'succeeded',
      resumedFrom: { checkpointId: resumeFrom.checkpointId, backupId: expect.any(String) as string },
      steps: [{ note: `done before ${resumeFrom.checkpointId}` }, {}, {}],
      context: { built: true },
    });
    expect(report.checkpoints.map(({ name }) => name)).toEqual([
      'after lint',
      'build: end',
      'ship: start',
      'after deploy',
      'ship: end',
    ]);
  });

  it('begins at the next phase where a phase was done', async () => {
    restored(place(['build'], 2));
    const report = await run({ phases, start: { resumeFrom } });
    expect(commands()).toEqual(['deploy']);
    expect(report.checkpoints[0]?.name).toBe('ship: start');
  });

  it.each([
    ['of no place', { context: {} }],
    ['behind phase "gone"', place(['gone'], 1)],
  ])('fails before any step with a checkpoint that is %s', async (message, state) => {
    restored(state);
    const report = await run({ phases, start: { resumeFrom } });
    expect(report).toMatchObject({ status: 'failed', error: { code: 'pipeline-invalid' } });
    expect(report.error?.message).toContain(message);
    expect(commands()).toEqual([]);
  });
});

describe('limits of a run', () => {
  it('stops before the next step when its budget is spent, and undoes what was done', async () => {
    const report = await run({
      phases: one(step('a', { compensate: ['undo-a'] }), step('b')),
      spec: { budget: { limit: '1ms', onExceeded: 'stop' } },
    });
    expect(report).toMatchObject({
      status: 'failed',
      error: { code: 'timed-out' },
      budget: { exceeded: true, limitMs: 1 },
    });
    expect(commands()).not.toContain('b');
  });

  it('only says so where it is a warning, and knows the time of each lane', async () => {
    const report = await run({ phases: one(step('a')), spec: { lane: 'docs' } });
    expect(report).toMatchObject({ status: 'succeeded', budget: { limitMs: 300_000, exceeded: false } });
  });

  it('waits longer before each further recovery of a step', async () => {
    programs({ bad: 99 });
    const handle = await start({
      phases: one(step('bad')),
      spec: {
        maxRecoveriesPerStep: 3,
        recoveryBackoff: { initialInterval: '1ms', backoffCoefficient: 3, maximumInterval: '5ms' },
      },
    });
    expect((await handle.result()).status).toBe('failed');
  });
});

describe('agents', () => {
  it('leave what they put out in the checkpoints after them', async () => {
    programs({ write: { page: 4 } });
    const states: unknown[] = [];
    const capture = ({ info, state }: { info: object; state: StateParts }) => {
      states.push(state.agentStates);
      return { ...fakeCheckpoint('cp_00000000000000000000000002'), info };
    };
    harness.fakes['captureCheckpoint'] = capture;
    await run({ phases: one(step('write', { agent: 'writer' })) });
    expect(states).toEqual([{}, {}, { writer: { page: 4 } }, { writer: { page: 4 } }]);
  });
});
