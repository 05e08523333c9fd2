import { describe, expect, it } from 'vitest';
import { planRecovery, type MakePlanRequest } from '../../src/activities/planning.ts';
import { createAutomation, createKillSwitch } from '../../src/client/automation.ts';
import type { BreakGlass } from '../../src/domain/brakes.ts';
import { createRecoveryPast } from '../../src/client/recovery-past.ts';
import { failureOf, waitsFor } from '../support/broken-target.ts';
import { until } from '../support/harness.ts';
import { sharedHarness } from '../support/new-harness.ts';
import { parsePlaybooks } from '../support/parse-playbooks.ts';
import { FIX, head, PLAIN_RETRY } from '../support/playbook-text.ts';

const PLAYBOOKS = [
  head('hourly', 'limits: {perHour: 2}') + PLAIN_RETRY,
  head('waits') + FIX + PLAIN_RETRY,
  head('flapping', 'limits: {flapWindow: 1h}') + PLAIN_RETRY,
].join('---\n');
const harness = sharedHarness(PLAYBOOKS);

/** Plans as a worker does, with brakes that read the real Visibility. */
function withBrakes(killSwitch: () => Promise<BreakGlass | undefined> = () => Promise.resolve(undefined)): void {
  const deps = {
    definitions: () => Promise.resolve({ playbooks: parsePlaybooks(PLAYBOOKS), components: [], rules: [] }),
    listCheckpoints: () => Promise.resolve([]),
    defaultHost: harness.host,
    brakes: {
      ...createRecoveryPast(harness.client),
      killSwitch,
      limits: { maxConcurrent: 1000 },
    },
  };
  harness.fakes['makePlan'] = (request: MakePlanRequest) => planRecovery(request, deps);
}

const start = async (playbook: string, options: object = {}) =>
  (await harness.recoveries.start(failureOf(harness), { playbook, ...options })).handle;

async function recovered(playbook: string, times: number): Promise<void> {
  for (let count = 0; count < times; count++) {
    const handle = await start(playbook);
    expect((await handle.result()).status).toBe('recovered');
  }
  await until(async () => {
    const found = await harness.recoveries.listRecoveries({ target: harness.target, status: ['recovered'] });
    return found.length === times;
  }, 'the past in Visibility');
}

describe('brakes before anything is done by itself', () => {
  it('let a person decide when a target was recovered too often within the hour', async () => {
    withBrakes();
    await recovered('hourly', 2);
    const handle = await start('hourly');
    await waitsFor(handle, 'approval');
    expect(await handle.plan()).toMatchObject({ mode: 'propose', brakes: [{ brake: 'per-hour', count: 2 }] });
    expect((await handle.timeline()).some(({ kind }) => kind === 'brake')).toBe(true);
    await handle.cancel();
  });

  it('see a failure that is back after its fix as masked, and let through who breaks the glass', async () => {
    withBrakes();
    await recovered('flapping', 1);
    const held = await start('flapping');
    await waitsFor(held, 'approval');
    expect((await held.plan())?.brakes).toMatchObject([{ brake: 'masking', count: 1 }]);
    await held.deny({ planHash: (await held.plan())!.hash, by: 'ada', reason: 'look deeper' });
    await held.result();
    const through = await start('flapping', { breakGlass: { by: 'ada', reason: 'the shop is closed without it' } });
    const report = await through.result();
    expect(report).toMatchObject({ status: 'recovered', plan: { brakesOverridden: { by: 'ada' } } });
  });
});

describe('the kill switch', () => {
  it('pauses what is open, keeps plans from acting by themselves, and takes only its own pauses back', async () => {
    const { breakers, listRecoveries, getHandle } = harness.recoveries;
    const { target } = harness;
    // One of its own, for the others of this server go on.
    const automation = createAutomation({
      breakers,
      getHandle,
      listRecoveries: (options) => listRecoveries({ ...options, target }),
      name: `automation-${target.split('/')[1]}`,
    });
    const look = () => createKillSwitch(harness.client, automation)();
    expect(await look()).toBeUndefined();
    // Nobody has used it: it is on.
    expect(await automation.on({ by: 'ada', reason: 'to be sure' })).toEqual({ changed: [], refused: [] });
    const open = await start('waits');
    await until(async () => (await listRecoveries({ target })).length === 1, 'it in Visibility');
    expect(await automation.off({ by: 'ada', reason: 'freeze' })).toEqual({ changed: [open.workflowId], refused: [] });
    await until(async () => (await look()) !== undefined, 'the switch in Visibility');
    expect(await look()).toMatchObject({ by: 'ada', reason: 'freeze' });
    expect((await open.status()).pausedBy).toMatchObject({ reason: 'automation is off: freeze' });

    withBrakes(look);
    const { handle } = await harness.recoveries.start(
      { ...failureOf(harness), target: `${target}-2` },
      { playbook: 'hourly' },
    );
    await waitsFor(handle, 'approval');
    expect((await handle.plan())?.brakes).toMatchObject([{ brake: 'kill-switch' }]);
    await handle.cancel();

    expect((await automation.on({ by: 'bob', reason: 'over' })).changed).toEqual([open.workflowId]);
    expect((await open.status()).pausedBy).toBeUndefined();
    await open.pause({ by: 'eve', reason: 'my own' });
    expect((await automation.on({ by: 'bob', reason: 'again' })).changed).toEqual([]);
    await open.cancel();
  });
});
