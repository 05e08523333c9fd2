import { afterEach, expect, it } from 'vitest';
import { breakerId, ledgerId, recoveryId, serviceStateId } from '../../src/domain/wire-names.ts';
import { fakeCheckpoint } from '../support/fake-checkpoint.ts';
import { until } from '../support/harness.ts';
import { sharedHarness } from '../support/new-harness.ts';
import { FIX, head, PLAIN_RETRY } from '../support/playbook-text.ts';

/** Past the clients, which check everything first: from the Temporal CLI, its UI or a client of another version. */
const harness = sharedHarness(head('by-hand') + FIX + PLAIN_RETRY);
const signed = { by: 'ada', reason: 'a test' };
const started: string[] = [];
afterEach(async () => {
  for (const id of started.splice(0)) await harness.client.workflow.getHandle(id).terminate('end of the test');
});

const failureOf = (target: string) => ({ target, message: 'it broke' });

it('a recovery refuses a report without its parts, and names the field', async () => {
  const { recoveries, client, target } = harness;
  await recoveries.start(failureOf(target), { playbook: 'by-hand' });
  started.push(recoveryId(target));
  const handle = client.workflow.getHandle(recoveryId(target));
  for (const junk of [null, 7, [], {}, { target: 'x' }, { ...failureOf(target), source: null }])
    await expect(handle.executeUpdate('report', { args: [junk] })).rejects.toMatchObject({
      cause: { type: 'invalid-input', message: expect.stringMatching(/field "|not an object/) },
    });
  expect((await recoveries.start(failureOf(target))).joined).toBe(true);
  expect(await recoveries.getHandle(target).status()).toMatchObject({ joined: 1 });
});

it('a ledger refuses what it cannot read, and does what comes after it', async () => {
  const { recoveries, client, target } = harness;
  const subject = `workspace/${target.slice(5)}`;
  const record = fakeCheckpoint('cp_00000000000000000000000001');
  await recoveries.checkpoints.add({ ...record, info: { ...record.info, subject } });
  started.push(ledgerId(subject));
  const handle = client.workflow.getHandle(ledgerId(subject));
  const wrong: [string, unknown][] = [
    ['add', null],
    ['add', { info: { id: 'x' } }],
    ['create', { id: 'x' }],
    ['restore', { id: record.info.id, by: 'ada', backupId: 'x', options: { scope: 7 } }],
    ['invalidate', { id: record.info.id, reason: null }],
    ['cleanup', {}],
    ['cleanup', { policy: { keepLast: 'x' }, dryRun: false }],
    ['cleanup', { policy: { keepMost: 1 }, dryRun: false }],
    ['noteFindings', {}],
    ['noteFindings', [null]],
    ['saveArtifact', { name: 'x' }],
  ];
  for (const [name, junk] of wrong)
    await expect(handle.executeUpdate(name, { args: [junk] }), name).rejects.toMatchObject({
      cause: { type: 'invalid-input' },
    });
  expect(await recoveries.checkpoints.list(subject)).toHaveLength(1);
  expect(await recoveries.checkpoints.noteFindings(subject, [{ id: record.info.id, stateReason: 'x' }])).toEqual({
    changed: 1,
  });
});

it('a service refuses a rate that is none, as an update and as a signal', async () => {
  const { recoveries, client, target } = harness;
  const name = target.replace('/', '-');
  await recoveries.services.degrade(name, signed);
  started.push(serviceStateId(name));
  const handle = client.workflow.getHandle(serviceStateId(name));
  const junk = { ...signed, id: 'x', type: 'throttle', rate: { perSecond: 'x' } };
  await expect(handle.executeUpdate('change', { args: [junk] })).rejects.toMatchObject({
    cause: { type: 'invalid-input', message: expect.stringContaining('field "rate"') },
  });
  await handle.signal('change', junk);
  await expect(handle.executeUpdate('dropHeld', { args: [{}] })).rejects.toMatchObject({
    cause: { type: 'invalid-input' },
  });
  expect(await recoveries.services.restore(name, signed)).toMatchObject({ degraded: false });
});

it('a signal or query that nobody can read is left out or refused, and what comes after it is heard', async () => {
  const { recoveries, client, target } = harness;
  const name = target.replace('/', '-');
  await recoveries.breakers.forceOpen(name, signed);
  started.push(breakerId(name));
  const bytes = (text: string): Uint8Array => Buffer.from(text);
  const payloads: { metadata: Record<string, Uint8Array>; data: Uint8Array }[] = [
    { metadata: { encoding: bytes('binary/unknown') }, data: bytes('x') },
    { metadata: { encoding: bytes('json/plain') }, data: bytes('{"half') },
    { metadata: {}, data: bytes('x') },
  ];
  const given = { namespace: client.options.namespace };
  const execution = { workflowId: breakerId(name) };
  for (const payload of payloads) {
    const signal = () =>
      client.workflowService.signalWorkflowExecution({
        ...{ ...given, workflowExecution: execution, signalName: 'report', input: { payloads: [payload] } },
      });
    const ask = () =>
      client.workflowService.queryWorkflow({
        ...{ ...given, execution, query: { queryType: 'status', queryArgs: { payloads: [payload] } } },
      });
    // One that comes while a workflow task is under way is part of it, and must not be what it fails for.
    for (let round = 0; round < 5; round++) {
      const [, asked] = await Promise.allSettled([signal(), ask(), signal()]);
      expect(String((asked as PromiseRejectedResult).reason)).toContain('status, whose arguments cannot be read');
    }
  }
  const handle = client.workflow.getHandle(breakerId(name));
  await until(async () => !(await handle.describe()).raw.pendingWorkflowTask, 'the signals to be taken');
  expect(await recoveries.breakers.reset(name, signed)).toMatchObject({ state: 'CLOSED' });
  const { events } = await handle.fetchHistory();
  expect(events?.filter((event) => event.workflowTaskFailedEventAttributes)).toEqual([]);
});
