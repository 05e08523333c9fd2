import { ApplicationFailure } from '@temporalio/common';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CheckpointRecord } from '../../src/domain/checkpoint.ts';
import { newId } from '../../src/domain/ids.ts';
import { ledgerId, WORKFLOW_TYPES } from '../../src/domain/wire-names.ts';
import { fakeCheckpoint } from '../support/fake-checkpoint.ts';
import { until } from '../support/harness.ts';
import { newHarnessForEach } from '../support/new-harness.ts';

interface RestoreRequest {
  checkpointId: string;
  backup: CheckpointRecord['info'] | null;
  options?: { dryRun?: boolean; force?: boolean };
}

const harness = newHarnessForEach('');
let subject: string;
let used: Set<string>;
let restores: RestoreRequest[];

beforeEach(() => {
  subject = `workspace/${harness.host}`;
  used = new Set();
  restores = [];
  let seconds = 0;
  harness.fakes['captureCheckpoint'] = ({ info }: { info: CheckpointRecord['info'] }) => {
    used.add(info.subject);
    const createdAt = new Date(Date.UTC(2026, 0, 1, 0, 0, ++seconds)).toISOString();
    return { ...fakeCheckpoint(info.id), info, host: harness.host, createdAt };
  };
  harness.fakes['restoreCheckpoint'] = (request: RestoreRequest) => {
    restores.push(request);
    const { backup, checkpointId } = request;
    const createdAt = new Date(Date.UTC(2026, 0, 2)).toISOString();
    return {
      backup: backup ? { ...fakeCheckpoint(backup.id), info: backup, host: harness.host, createdAt } : null,
      result: { success: true, checkpointId, ...(backup ? { backupId: backup.id } : {}) },
    };
  };
});
afterEach(async () => {
  // A ledger never ends by itself.
  for (const name of used) await harness.client.workflow.getHandle(ledgerId(name)).terminate('end of the test');
});

const checkpoints = () => harness.recoveries.checkpoints;

function create(
  name: string,
  more: { id?: string; type?: CheckpointRecord['info']['type']; tags?: string[]; subject?: string } = {},
) {
  const { subject: owner = subject, ...rest } = more;
  return checkpoints().create(owner, { name, type: 'manual', host: harness.host, root: '/w', ...rest });
}

const names = async (filter?: Parameters<ReturnType<typeof checkpoints>['list']>[1]) =>
  (await checkpoints().list(subject, filter)).map(({ info }) => info.name);

const captures = () => harness.calls.filter((call) => call === 'captureCheckpoint').length;

describe('a ledger', () => {
  it('creates once for one id, however often it is asked, and chains the records', async () => {
    const id = newId('cp');
    const [first, again] = await Promise.all([create('one', { id }), create('one', { id })]);
    const third = await create('one', { id });
    expect([again, third]).toEqual([first, first]);
    const next = await create('two');
    expect(captures()).toBe(2);
    expect(next.info.parentId).toBe(id);
    expect(await names()).toEqual(['two', 'one']);
  });

  it('adds a record that a run has made, once', async () => {
    await create('one');
    const record = {
      ...fakeCheckpoint(newId('cp'), { subject, name: 'of a run' }),
      createdAt: '2026-01-03T00:00:00.000Z',
      inline: { context: { large: 'x'.repeat(60_000) } },
    };
    await checkpoints().add(record);
    await checkpoints().add(record);
    expect(await names()).toEqual(['of a run', 'one']);
    // Of many records with their state a list would not fit into an answer.
    expect((await checkpoints().list(subject))[0]).not.toHaveProperty('inline');
    expect(await checkpoints().get(record.info.id, subject)).toEqual(record);
  });

  it('lists the newest first, with every condition of a filter', async () => {
    await create('one', { tags: ['keep'] });
    await create('two', { type: 'pre-deploy', tags: ['other'] });
    await create('three', { tags: ['keep', 'other'] });
    expect(await names()).toEqual(['three', 'two', 'one']);
    expect(await names({ tags: ['keep'] })).toEqual(['three', 'one']);
    expect(await names({ type: ['pre-deploy'], tags: ['other'] })).toEqual(['two']);
    expect(await names({ since: '2026-01-01T00:00:02Z', until: '2026-01-01T00:00:02Z' })).toEqual(['two']);
    expect(await names({ limit: 2 })).toEqual(['three', 'two']);
    await expect(names({ limit: 0 })).rejects.toMatchObject({
      code: 'invalid-input',
      message: expect.stringContaining('limit') as string,
    });
    expect(await checkpoints().list('workspace/nobody')).toEqual([]);
  });

  it('finds one by id in every subject, and says when there is none', async () => {
    const other = `${subject}/other`;
    const mine = await create('mine');
    const theirs = await create('theirs', { subject: other });
    await until(async () => (await checkpoints().subjects()).length === 2, 'both ledgers in the list');
    expect(await checkpoints().subjects()).toEqual([subject, other]);
    expect(await checkpoints().get(theirs.info.id)).toEqual(theirs);
    expect(await checkpoints().get(mine.info.id, subject)).toEqual(mine);
    const missing = {
      code: 'checkpoint-not-found',
      remedy: expect.stringContaining('rerail checkpoint list') as string,
    };
    await expect(checkpoints().get(theirs.info.id, subject)).rejects.toMatchObject(missing);
    await expect(checkpoints().get(newId('cp'))).rejects.toMatchObject(missing);
    await expect(checkpoints().get(mine.info.id, 'workspace/nobody')).rejects.toMatchObject(missing);
    await expect(checkpoints().verify(subject, newId('cp'), 'full')).rejects.toMatchObject({
      code: 'checkpoint-not-found',
    });
    await expect(checkpoints().delete('workspace/nobody', mine.info.id)).rejects.toMatchObject(missing);
  });

  it('refuses a subject that is no name, and starts nothing', async () => {
    await expect(create('one', { subject: 'no good subject' })).rejects.toMatchObject({
      code: 'invalid-input',
      message: expect.stringContaining('kind/name') as string,
    });
    expect(captures()).toBe(0);
  });
});

describe('a ledger whose first capture is refused', () => {
  const statusOf = async () => (await harness.client.workflow.getHandle(ledgerId(subject)).describe()).status.name;
  const refusal = { code: 'workspace-refused', message: 'the home directory' };
  const refuse = () => {
    throw ApplicationFailure.nonRetryable(refusal.message, refusal.code);
  };

  it('ends, and is begun anew by the next', async () => {
    const capture = harness.fakes['captureCheckpoint'];
    harness.fakes['captureCheckpoint'] = refuse;
    await expect(create('one')).rejects.toMatchObject(refusal);
    await until(async () => (await statusOf()) === 'COMPLETED', 'the end of the ledger');
    expect(await names()).toEqual([]);
    harness.fakes['captureCheckpoint'] = capture!;
    await create('two');
    expect([await statusOf(), await names()]).toEqual(['RUNNING', ['two']]);
  });

  it('stays while another capture is under way, and when it has a checkpoint', async () => {
    const capture = harness.fakes['captureCheckpoint']!;
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    harness.fakes['captureCheckpoint'] = (input: never) =>
      (input as { info: { name: string } }).info.name === 'good' ? held.then(() => capture(input)) : refuse();
    const good = create('good');
    await until(() => Promise.resolve(captures() === 1), 'the first capture');
    await expect(create('bad')).rejects.toMatchObject(refusal);
    release();
    await good;
    await expect(create('bad')).rejects.toMatchObject(refusal);
    expect([await statusOf(), await names()]).toEqual(['RUNNING', ['good']]);
  });
});

describe('a restore', () => {
  it('records the backup of what was there, which is never the latest to go back to', async () => {
    const { info } = await create('good');
    const result = await checkpoints().restore(subject, info.id, 'ada');
    expect(restores[0]?.backup).toMatchObject({
      type: 'recovery',
      subject,
      description: expect.stringContaining('ada') as string,
    });
    const [backup] = await checkpoints().list(subject, { type: ['recovery'] });
    expect(backup?.info).toMatchObject({
      id: result.backupId,
      name: 'before restore of good',
      tags: ['pre-restore', `restored:${info.id}`],
    });
    expect((await checkpoints().latest(subject))?.info.id).toBe(info.id);
  });

  it('can be undone from its backup', async () => {
    const { info } = await create('good');
    const { backupId } = await checkpoints().restore(subject, info.id, 'ada');
    await checkpoints().restore(subject, backupId!, 'ada');
    expect(restores.map(({ checkpointId }) => checkpointId)).toEqual([info.id, backupId]);
    expect(await checkpoints().list(subject, { type: ['recovery'] })).toHaveLength(2);
  });

  it('that is a dry run makes no backup and records none', async () => {
    const { info } = await create('good');
    await checkpoints().restore(subject, info.id, 'ada', { dryRun: true });
    expect(restores).toMatchObject([{ backup: null, options: { dryRun: true } }]);
    expect(await names()).toEqual(['good']);
  });

  it('refuses an invalidated checkpoint before anything is done, unless it is forced', async () => {
    await create('older');
    const { info } = await create('bad');
    expect(await checkpoints().invalidate(subject, info.id, 'secret inside')).toMatchObject({
      state: 'invalidated',
      stateReason: 'secret inside',
    });
    expect((await checkpoints().latest(subject))?.info.name).toBe('older');
    expect(await names({ valid: false })).toEqual(['bad']);
    await expect(checkpoints().restore(subject, info.id, 'ada')).rejects.toMatchObject({
      code: 'checkpoint-invalid',
      message: expect.stringContaining('secret inside') as string,
    });
    expect(restores).toEqual([]);
    await checkpoints().restore(subject, info.id, 'ada', { force: true });
    expect(restores).toHaveLength(1);
  });
});

describe('verification', () => {
  it('says when it was done, or marks the checkpoint as corrupt with what is wrong', async () => {
    const { info } = await create('one');
    harness.fakes['verifyCheckpoint'] = () => ({ problems: [], verifiedAt: '2026-01-05T00:00:00.000Z' });
    expect(await checkpoints().verify(subject, info.id, 'quick')).toMatchObject({
      state: 'complete',
      verifyLevel: 'quick',
      lastVerifiedAt: '2026-01-05T00:00:00.000Z',
    });
    harness.fakes['verifyCheckpoint'] = () => ({
      problems: [{ item: 'src/a.txt', problem: 'digest differs' }],
      verifiedAt: '2026-01-06T00:00:00.000Z',
    });
    expect(await checkpoints().verify(subject, info.id, 'full')).toMatchObject({
      state: 'corrupt',
      stateReason: 'src/a.txt: digest differs',
    });
    expect(await checkpoints().latest(subject)).toBeUndefined();
    await expect(checkpoints().restore(subject, info.id, 'ada')).rejects.toMatchObject({ code: 'checkpoint-invalid' });
  });
});

describe('what is removed', () => {
  const ids = (records: CheckpointRecord[]) => records.map(({ info }) => info.id);

  it('is only named by a dry run', async () => {
    const all = [await create('one'), await create('two'), await create('three')];
    await expect(checkpoints().cleanup(subject, { keepLast: -1 }, true)).rejects.toMatchObject({
      code: 'invalid-input',
    });
    const result = await checkpoints().cleanup(subject, { keepLast: 1 }, true);
    expect(result).toMatchObject({ dryRun: true, freedBytes: 7, kept: [{ id: all[2]?.info.id }] });
    expect([...result.removed].sort()).toEqual(ids(all.slice(0, 2)).sort());
    expect(await names()).toEqual(['three', 'two', 'one']);
    expect(harness.calls).not.toContain('deleteCheckpoints');
  });

  it('goes from the store and from the list, but never the last valid one', async () => {
    const deleted: string[] = [];
    harness.fakes['deleteCheckpoints'] = ({ ids: gone }: { ids: string[] }) => {
      deleted.push(...gone);
      return { freedBytes: 10 };
    };
    const all = [
      await create('one'),
      await create('two', { tags: ['keep'] }),
      await create('three'),
      await create('four'),
    ];
    await checkpoints().invalidate(subject, all[3]!.info.id, 'bad');
    const result = await checkpoints().cleanup(subject, { keepLast: 0, keepTags: ['keep'] }, false);
    expect([...result.removed].sort()).toEqual([all[0]!.info.id, all[3]!.info.id].sort());
    expect(deleted.sort()).toEqual([...result.removed].sort());
    expect(result.freedBytes).toBe(10);
    expect(result.kept).toEqual([
      { id: all[2]!.info.id, reasons: ['last valid checkpoint'] },
      { id: all[1]!.info.id, reasons: ['tag keep'] },
    ]);
    expect(await names()).toEqual(['three', 'two']);
  });

  it('is nothing without a rule', async () => {
    await create('one');
    await create('two');
    expect((await checkpoints().cleanup(subject, {}, false)).removed).toEqual([]);
  });

  it('is one by id when it is asked for', async () => {
    const { info } = await create('one');
    await create('two');
    expect(await checkpoints().delete(subject, info.id)).toEqual({ freedBytes: 10 });
    expect(await names()).toEqual(['two']);
    await expect(checkpoints().delete(subject, info.id)).rejects.toMatchObject({ code: 'checkpoint-not-found' });
  });

  it('stays in the list when the store could not remove it', async () => {
    harness.fakes['deleteCheckpoints'] = () => {
      throw Object.assign(new Error('the store is read-only'), { name: 'RerailError' });
    };
    const { info } = await create('one');
    const deleting = checkpoints()
      .delete(subject, info.id)
      .catch((error: unknown) => error);
    await until(() => Promise.resolve(harness.calls.includes('deleteCheckpoints')), 'the removal');
    harness.fakes['deleteCheckpoints'] = () => ({ freedBytes: 7 });
    expect(await names()).toEqual(['one']);
    expect(await deleting).toEqual({ freedBytes: 7 });
  });
});

describe('a history that has grown long', () => {
  it('is continued as new with everything that the ledger knows', async () => {
    const first = await create('one');
    await create('two');
    const before = await harness.client.workflow.getHandle(ledgerId(subject)).describe();
    // The server suggests it at the first task after 4 MiB; each of these puts 1 MB into the history.
    const reason = 'x'.repeat(500_000);
    await until(async () => {
      await checkpoints().invalidate(subject, first.info.id, reason);
      return (await harness.client.workflow.getHandle(ledgerId(subject)).describe()).runId !== before.runId;
    }, 'the next run');
    expect(await names()).toEqual(['two', 'one']);
    expect((await checkpoints().get(first.info.id, subject)).stateReason).toHaveLength(reason.length);
    await create('three');
    expect(await names({ valid: true })).toEqual(['three', 'two']);
  });
});

describe('a ledger with more checkpoints than it can carry over', () => {
  const startWith = async (records: CheckpointRecord[]) => {
    used.add(subject);
    await harness.client.workflow.start(WORKFLOW_TYPES.checkpointLedger, {
      workflowId: ledgerId(subject),
      taskQueue: harness.taskQueue,
      args: [{ subject, records, continueAfter: 2 }],
    });
  };
  const currentRun = async () => (await harness.client.workflow.getHandle(ledgerId(subject)).describe()).runId;
  const ofSize = (count: number, bytes: number): CheckpointRecord[] =>
    Array.from({ length: count }, (_, index) => ({
      ...fakeCheckpoint(newId('cp'), { subject, name: `old ${index}`, description: 'x'.repeat(bytes) }),
      host: harness.host,
    }));

  it('refuses the next before it is captured, and takes it after a clean-up', async () => {
    await startWith(ofSize(1000, 1200));
    await expect(create('one too many')).rejects.toMatchObject({
      code: 'store-quota-exceeded',
      message: expect.stringContaining(`${subject} is full: it has 1000 checkpoints`) as string,
      remedy: expect.stringContaining(`rerail cleanup --subject ${subject}`) as string,
    });
    expect(captures()).toBe(0);
    await checkpoints().add({ ...fakeCheckpoint(newId('cp'), { subject, name: 'of a run' }), host: harness.host });
    await checkpoints().cleanup(subject, { keepLast: 10 }, false);
    await create('again');
    expect(await checkpoints().list(subject)).toHaveLength(11);
  });

  it('carries the state of the newest over, as far as it fits', async () => {
    const state = { context: { text: 'y'.repeat(60_000) } };
    const records = ofSize(30, 1).map((record) => ({ ...record, inline: state }));
    await startWith(records.slice(0, 25));
    const started = await currentRun();
    for (const record of records.slice(25, 27)) await checkpoints().add(record);
    await until(async () => (await currentRun()) !== started, 'the next run');
    const carried = await Promise.all(records.slice(0, 27).map(({ info }) => checkpoints().get(info.id, subject)));
    expect(carried.map(({ inline }) => inline !== undefined)).toEqual([
      ...Array.from({ length: 21 }, () => false),
      ...Array.from({ length: 6 }, () => true),
    ]);
  });
});
