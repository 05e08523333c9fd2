import { describe, expect, it } from 'vitest';
import { breakable, untilCancelled } from '../replay/drill-paths.ts';
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
