import { describe, expect, it } from 'vitest';
import { createServiceState, type ServiceView } from '../../src/client/service-watch.ts';
import { serviceStateId, WORKFLOW_TYPES } from '../../src/domain/wire-names.ts';
import { MAX_HELD } from '../../src/domain/service.ts';
import type { serviceState } from '../../src/workflows/service-state.ts';
import { componentOf, planWithComponent } from '../replay/service-paths.ts';
import { until } from '../support/harness.ts';
import { sharedHarness } from '../support/new-harness.ts';

const BY = { by: 'ada', reason: 'a test' };
const harness = sharedHarness('');

describe('what clients of a service are told', () => {
  it('reaches those who watch: degraded, well again, open your connections anew', async () => {
    const { client, taskQueue, recoveries } = harness;
    const name = componentOf(harness.target);
    const service = createServiceState({ client, taskQueue, maxAgeMs: 10 }).watch(name);
    expect(await service.current()).toMatchObject({ degraded: false, stale: false, version: 0 });
    const seen: ServiceView[] = [];
    let resets = 0;
    service.onChange((view) => seen.push(view));
    service.onReset(() => (resets += 1));
    await recoveries.services.degrade(name, BY);
    await until(
      () => Promise.resolve(seen.some(({ degraded, reason }) => degraded && reason === 'a test')),
      'the flag',
    );
    await recoveries.services.reset(name, BY);
    await until(() => Promise.resolve(resets === 1), 'the reset');
    await recoveries.services.restore(name, BY);
    await until(() => Promise.resolve(seen.at(-1)?.degraded === false), 'the end');
    service.close();
    const listed = await until(
      async () => (await recoveries.services.list()).find((one) => one.name === name && one.state === 'normal'),
      'the list',
    );
    expect(listed.name).toBe(name);
  });

  it('survives a new history, and refuses what has the wrong shape', async () => {
    const { client, taskQueue, recoveries } = harness;
    const name = componentOf(harness.target);
    const handle = await client.workflow.start<typeof serviceState>(WORKFLOW_TYPES.serviceState, {
      workflowId: serviceStateId(name),
      taskQueue,
      args: [{ name, continueAfter: 1 }],
    });
    const { services } = recoveries;
    await services.degrade(name, BY);
    await services.holdOperation(name, { id: 'one', statement: 'note', values: [1, null, 'x'] });
    await until(async () => (await handle.describe()).runId !== handle.firstExecutionRunId, 'a new history');
    expect(await services.status(name)).toMatchObject({ degraded: true, held: 1 });
    expect(await services.heldOperations(name)).toEqual([{ id: 'one', statement: 'note', values: [1, null, 'x'] }]);
    await expect(services.degrade(name, { by: 'ada', reason: '' })).rejects.toMatchObject({ code: 'invalid-input' });
    await expect(services.holdOperation(name, { id: 'x', statement: 'No Name' })).rejects.toMatchObject({
      code: 'invalid-input',
    });
    await expect(
      services.holdOperation(name, { id: 'large', statement: 'note', values: ['x'.repeat(600 * 1024)] }),
    ).rejects.toThrow(`no more than ${MAX_HELD} operations`);
    await expect(services.status('never-heard-of')).rejects.toMatchObject({ code: 'service-state-not-found' });
    await expect(services.restore('never-heard-of', BY)).rejects.toMatchObject({ code: 'service-state-not-found' });
  });

  it('is degraded for as long as its recovery is open, and by hand for longer', async () => {
    const { recoveries, target } = harness;
    planWithComponent(harness);
    const name = componentOf(target);
    const { handle } = await recoveries.start({ target, message: 'it fails', code: 'DEGRADED' });
    const state = await until(async () => {
      const now = await recoveries.services.status(name).catch(() => undefined);
      return now?.degraded && now;
    }, 'the degradation');
    expect(state.reason).toContain('it fails');
    expect(state.until).not.toBeNull();
    await recoveries.services.degrade(name, BY);
    await handle.cancel();
    expect((await handle.result()).status).toBe('cancelled');
    await until(async () => (await recoveries.services.status(name)).reason === 'a test', 'the end of that reason');
    expect(await recoveries.services.restore(name, BY)).toMatchObject({ degraded: false, until: null });
  });
});
