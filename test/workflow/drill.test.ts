import { ApplicationFailure } from '@temporalio/activity';
import { describe, expect, it } from 'vitest';
import { breakable, fakeRolledBack, UNDOES, untilCancelled } from '../replay/drill-paths.ts';
import { until } from '../support/harness.ts';
import { sharedHarness } from '../support/new-harness.ts';
import { head, RETRY } from '../support/playbook-text.ts';

const harness = sharedHarness(head('retry', 'verify: {within: 1ms, holdFor: 0s, every: 1ms}') + RETRY);

const start = () =>
  harness.recoveries.drills.start({
    name: harness.target.replace('test/', ''),
    host: harness.host,
    spec: breakable(harness, 'retry', undefined, { sandbox: { services: [{ kind: 'http', name: 'api' }] } }),
  });

it('injects so many faults as it is to pick, and says which', async () => {
  const injected: number[] = [];
  const faults = ['a', 'b', 'c', 'd', 'e'].map((path) => ({ type: 'writeFile', path, content: 'b' }));
  const spec = breakable(harness, 'retry', undefined, { faults, pick: 2 });
  const breakIt = harness.fakes['injectFault'] as () => unknown;
  harness.fakes['injectFault'] = ({ index }: { index: number }) => {
    injected.push(index);
    return breakIt();
  };
  const name = harness.target.replace('test/', '');
  const { picked, verdict } = await (
    await harness.recoveries.drills.start({ name, host: harness.host, spec })
  ).result();
  expect(verdict).toBe('passed');
  expect(injected).toHaveLength(2);
  expect(picked).toEqual(injected);
});

it('counts from the first of its faults', async () => {
  const faults = ['a', 'b'].map((path) => ({ type: 'writeFile', path, content: 'b' }));
  const spec = breakable(harness, 'retry', undefined, { faults });
  const breakIt = harness.fakes['injectFault'] as () => { at: string };
  const moments: string[] = [];
  harness.fakes['injectFault'] = ({ index }: { index: number }) => {
    const { at } = breakIt();
    moments.push(new Date(Date.parse(at) + index).toISOString());
    return { at: moments.at(-1) };
  };
  const name = harness.target.replace('test/', '');
  const { times } = await (await harness.recoveries.drills.start({ name, host: harness.host, spec })).result();
  expect(times.t0).toBe(moments[0]);
});

it('compares with what the fault has left, where all is to be undone', async () => {
  const lists = [[], [{ path: 'a', sha256: '1' }], [{ path: 'a', sha256: '2' }]];
  const spec = breakable(harness, 'retry', undefined, { expect: { undone: true } });
  harness.fakes['listSandbox'] = () => lists.shift();
  const name = harness.target.replace('test/', '');
  const report = await (await harness.recoveries.drills.start({ name, host: harness.host, spec })).result();
  expect(report).toMatchObject({ verdict: 'failed', undone: { differences: ['a has changed'] } });
  expect(report.problems).toEqual(['not undone: a has changed', 'nothing was undone']);
});

describe('a drill of what went back to a checkpoint', () => {
  const item = (sha256: string) => ({ path: 'a', sha256 });

  async function play(ratePerSecond: number, restore: (given: object) => unknown, last: string) {
    const lists = [[item('0')], [item('1')], [item('0')], [item(last)]];
    const spec = breakable(harness, 'retry', undefined, { ...UNDOES, playbook: undefined });
    fakeRolledBack(harness, ratePerSecond);
    harness.fakes['listSandbox'] = () => lists.shift();
    harness.fakes['restoreCheckpoint'] = restore;
    const name = harness.target.replace('test/', '');
    return (await harness.recoveries.drills.start({ name, host: harness.host, spec })).result();
  }

  it('takes that back, and has passed where all is as the fault had left it', async () => {
    const asked: object[] = [];
    const report = await play(100, (given) => void asked.push(given), '1');
    expect(report).toMatchObject({ verdict: 'passed', problems: [], items: { lost: [] } });
    expect(report.undone).toEqual({ differences: [], actions: ['slow', 'back'] });
    expect(asked).toEqual([{ checkpointId: 'cp_before', backup: null }]);
  });

  it('has failed where something is not as it was', async () => {
    const { problems } = await play(50, () => null, '2');
    expect(problems).toEqual([
      expect.stringMatching(/^not undone: a has changed, drill-api-\w+ takes 50 requests\/s$/),
    ]);
  });

  it('has failed where it cannot be taken back', async () => {
    const broken = () => {
      throw ApplicationFailure.nonRetryable('the store has lost it');
    };
    const report = await play(100, broken, '1');
    expect(report.undone).toEqual({ differences: ['back: the store has lost it'], actions: ['slow'] });
  });
});

describe('a drill that is cancelled', () => {
  it.each(['prepareSandbox', 'startSandboxProcesses', 'injectFault'])(
    'takes nothing away before %s has stopped',
    async (activity) => {
      const seen: string[] = [];
      const starting = start();
      const isAtWork = untilCancelled(harness, activity, () => seen.push('stopped'));
      harness.fakes['removeSandbox'] = () => {
        seen.push('removed');
        return { left: [] };
      };
      const handle = await starting;
      await until(isAtWork, activity);
      await handle.cancel();
      expect(await handle.result()).toMatchObject({ verdict: 'aborted', problems: ['it was cancelled'], left: [] });
      expect(seen).toEqual(['stopped', 'removed']);
    },
  );

  it('waits no longer for a worker that died at work', async () => {
    let atWork = false;
    let release = (): void => undefined;
    const starting = start();
    harness.fakes['injectFault'] = () => {
      atWork = true;
      return new Promise<void>((resolve) => (release = resolve));
    };
    const handle = await starting;
    await until(() => Promise.resolve(atWork), 'the fault');
    await handle.cancel();
    expect(await handle.result()).toMatchObject({ verdict: 'aborted', problems: ['it was cancelled'] });
    release();
  });
});
