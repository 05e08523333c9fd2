import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CheckpointRecord } from '../../src/domain/checkpoint.ts';
import { newId } from '../../src/domain/ids.ts';
import { ledgerId, storeCareId } from '../../src/domain/wire-names.ts';
import { fakeCheckpoint } from '../support/fake-checkpoint.ts';
import { commandFailed, until } from '../support/harness.ts';
import { newHarnessForEach } from '../support/new-harness.ts';

const harness = newHarnessForEach('');
let subject: string;
const care = (input: { retention?: null } = { retention: null }) =>
  harness.recoveries.storeCare.run({ host: harness.host, ...input });
const checkpoints = () => harness.recoveries.checkpoints;

const OLD = '2026-01-01T00:00:00.000Z';

async function create(more: Partial<CheckpointRecord> = {}): Promise<string> {
  const id = newId('cp');
  const record = { ...fakeCheckpoint(id, { subject, type: 'auto' }), host: harness.host, createdAt: OLD, ...more };
  await checkpoints().add(record);
  await until(async () => (await checkpoints().subjects()).includes(subject), 'the ledger in the list');
  return id;
}

const stateOf = async (id: string) => (await checkpoints().get(id, subject)).state;

/** What the store says it has. */
const storeHolds = (...ids: string[]) =>
  (harness.fakes['listStored'] = () => ids.map((id) => ({ id, subject, createdAt: OLD })));

const scheduled = () => harness.client.schedule.getHandle(storeCareId(harness.host));

beforeEach(() => {
  subject = `workspace/${harness.host}`;
});
afterEach(async () => {
  await harness.client.workflow
    .getHandle(ledgerId(subject))
    .terminate('end of the test')
    .catch(() => undefined);
});

describe('the care of a store', () => {
  it('finds nothing wrong, records that it has looked, and repairs nothing', async () => {
    const id = await create();
    storeHolds(id);
    const report = await care();
    expect(report).toMatchObject({ problems: [], corrupt: [], missing: [], failures: [], removed: [] });
    expect(await checkpoints().get(id, subject)).toMatchObject({ state: 'complete', verifyLevel: 'store' });
    expect(harness.calls).not.toContain('repairStore');
    expect(harness.calls).toContain('sweepStore');
  });

  it('repairs, and marks in the ledger what is lost for good and what is whole again', async () => {
    const [lost, healed] = [await create(), await create({ state: 'corrupt', stateReason: 'lost' })];
    storeHolds(lost, healed);
    const problem = { checkpointId: lost, item: 'src/a', problem: 'it is missing' };
    harness.fakes['checkStore'] = () => ({
      problems: [{ checkpointId: '', item: 'pack-1', problem: 'damaged' }, problem],
      verifiedAt: OLD,
    });
    harness.fakes['repairStore'] = () => ({
      quarantined: [{ name: 'pack-1', problem: 'damaged', lostObjects: 1 }],
      problems: [problem],
    });
    const report = await care();
    expect(report).toMatchObject({ corrupt: [lost], healed: [healed], quarantined: [{ lostObjects: 1 }] });
    expect(await checkpoints().get(lost, subject)).toMatchObject({
      state: 'corrupt',
      stateReason: 'src/a: it is missing',
    });
    const whole = await checkpoints().get(healed, subject);
    expect(whole.state).toBe('complete');
    expect(whole.stateReason).toBeUndefined();
  });

  it('marks what is missing, and takes in what no ledger knows', async () => {
    const missing = await create();
    const orphan = newId('cp');
    storeHolds(orphan);
    harness.fakes['readRecords'] = ({ ids }: { ids: string[] }) =>
      ids.map((id) => ({ ...fakeCheckpoint(id, { subject }), host: harness.host, createdAt: OLD }));
    harness.fakes['recordCheckpoint'] = ({ record }: { record: CheckpointRecord }) => checkpoints().add(record);
    const report = await care();
    expect(report).toMatchObject({ missing: [missing], adopted: [orphan] });
    expect([await stateOf(missing), await stateOf(orphan)]).toEqual(['corrupt', 'complete']);
  });

  it('makes the copies that are missing', async () => {
    const id = await create();
    storeHolds(id);
    const replica = { key: `k/${id}`, sha256: '0'.repeat(64), size: 3, replicatedAt: OLD };
    harness.fakes['replicateCheckpoints'] = ({ ids }: { ids: string[] }) => ({
      replicated: ids.map((one) => ({ id: one, replica })),
      failed: [],
    });
    expect((await care()).replicated).toEqual([id]);
    expect((await checkpoints().get(id, subject)).replica).toEqual(replica);
  });

  it('removes by its policy only when it is asked to', async () => {
    const ids: string[] = [];
    for (let index = 0; index < 12; index++)
      ids.push(await create({ createdAt: `2026-01-01T00:00:${10 + index}.000Z` }));
    storeHolds(...ids);
    expect((await care()).removed).toEqual([]);
    const { removed } = await care({});
    expect(removed).toEqual([{ subject, ids: [ids[1], ids[0]] }]);
  });

  it('reports a part that fails, and does the others', async () => {
    const id = await create();
    storeHolds(id);
    harness.fakes['sweepStore'] = () => {
      throw commandFailed('the disk is gone');
    };
    harness.fakes['listStored'] = () => {
      throw commandFailed('not listed');
    };
    const report = await care({});
    expect(report.failures).toEqual([
      expect.stringContaining('reconciliation: ') as string,
      expect.stringContaining('sweep: ') as string,
    ]);
    expect(harness.calls).toContain('storeUsage');
  });

  it('that is cancelled ends cancelled, and begins no further part', async () => {
    let release: (value: unknown) => void = () => undefined;
    harness.fakes['listStored'] = () => new Promise((resolve) => (release = resolve));
    const ended = care({}).catch((error: unknown) => error);
    await until(() => Promise.resolve(harness.calls.includes('listStored')), 'the list of the store');
    const handle = harness.client.workflow.getHandle(storeCareId(harness.host));
    await handle.cancel();
    expect(await ended).toMatchObject({ code: 'unexpected' });
    release([]);
    expect((await handle.describe()).status.name).toBe('CANCELLED');
    const { events } = await handle.fetchHistory();
    const markers = events?.map(({ activityTaskScheduledEventAttributes: task }) => task?.activityType?.name);
    expect(markers?.filter(Boolean)).toEqual(['checkStore', 'listStored']);
  });

  it('is scheduled once for a host, and can be taken off', async () => {
    const { storeCare } = harness.recoveries;
    expect(await storeCare.schedule(harness.host)).toBe('created');
    expect(await storeCare.schedule(harness.host)).toBe('exists');
    const { action } = await scheduled().describe();
    expect(action).toMatchObject({ workflowType: 'storeCare', args: [{ host: harness.host }] });
    expect(await storeCare.unschedule(harness.host)).toBe('paused');
    expect(await storeCare.unschedule(harness.host)).toBe('already off');
  });

  it('that was taken off stays off when a worker starts, until it is turned on again', async () => {
    const { storeCare } = harness.recoveries;
    const isPaused = async () => (await scheduled().describe()).state.paused;
    expect(await storeCare.keepScheduled(harness.host)).toBe('created');
    await storeCare.unschedule(harness.host);
    expect(await storeCare.keepScheduled(harness.host)).toBe('off');
    expect(await isPaused()).toBe(true);
    expect((await scheduled().describe()).state.note).toContain('rerail checkpoint schedule --when daily');
    expect(await storeCare.schedule(harness.host)).toBe('resumed');
    expect(await storeCare.keepScheduled(harness.host)).toBe('exists');
    expect(await isPaused()).toBe(false);
  });

  it('that is taken off before any worker has started stays off too', async () => {
    const { storeCare } = harness.recoveries;
    expect(await storeCare.unschedule(harness.host)).toBe('paused');
    expect(await storeCare.keepScheduled(harness.host)).toBe('off');
  });
});
