import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { newId } from '../../src/domain/ids.ts';
import { createMemoryStore } from '../../src/store/memory-store.ts';
import { newBenchForEach } from './checkpoint-bench.ts';
import { disturbTree, fillTree, makeInfo, openActivities, restoreOrder, snapshot } from './checkpoint-fixtures.ts';

const { bench, at, capture, leftovers, fsck } = newBenchForEach();

const bytesOnDisk = (path: string): number => statSync(path).blocks * 512;

describe('capture', () => {
  it('answers with a record of what it took', async () => {
    fillTree(bench.root);
    const { captureCheckpoint } = await openActivities(bench, { clock: () => new Date('2026-05-06T07:08:09.010Z') });
    const state = {
      context: { key: [1, 'ü'] },
      workflow: { currentPhase: 'build', completedPhases: ['plan'], status: 'running', stepIndex: 2 },
    };
    const record = await captureCheckpoint({ info: makeInfo(), root: bench.root, state });
    expect(record).toMatchObject({
      state: 'complete',
      createdAt: '2026-05-06T07:08:09.010Z',
      host: 'here',
      root: bench.root,
      skipped: 0,
      inline: state,
    });
    expect(record.parts).toEqual(['workflow', 'context', 'files']);
    expect(record.totalBytes).toBeGreaterThan(5_000_000);
    expect(record.newBytes).toBeLessThanOrEqual(record.totalBytes);
    expect(fsck()).toBe('');
  });

  it('answers a repeated order with the same record, whatever became of the tree', async () => {
    fillTree(bench.root);
    const order = { info: makeInfo(), root: bench.root, state: { context: { a: 1 } } };
    const first = await (await openActivities(bench)).captureCheckpoint(order);
    disturbTree(bench.root);
    expect(await (await openActivities(bench)).captureCheckpoint(order)).toEqual(first);
  });

  it('brings a sparse file back with its holes, and one without holes without any', async () => {
    const holes = at('holes');
    writeFileSync(holes, 'begin');
    truncateSync(holes, 20_000_000);
    writeFileSync(holes, Buffer.alloc(300_000, 'end'), { flag: 'a' });
    truncateSync(holes, 30_000_001);
    writeFileSync(at('zeros'), Buffer.alloc(1_000_000));
    execFileSync('sync', ['--file-system', bench.root]);
    const captured = snapshot(bench.root);
    const id = await capture();
    for (const name of ['holes', 'zeros']) writeFileSync(at(name), 'disturbed');
    const { restoreCheckpoint } = await openActivities(bench);
    expect(await restoreCheckpoint(restoreOrder(id))).toMatchObject({ success: true });
    expect(snapshot(bench.root)).toEqual(captured);
    expect(bytesOnDisk(holes)).toBeLessThan(1_000_000);
    expect(bytesOnDisk(at('zeros'))).toBeGreaterThanOrEqual(1_000_000);
  });

  it('keeps large state out of the record and in the store', async () => {
    const { captureCheckpoint, restoreCheckpoint } = await openActivities(bench);
    const state = { agentStates: { agent: 'x'.repeat(70_000) } };
    const record = await captureCheckpoint({ info: makeInfo(), state });
    expect(record.inline).toBeUndefined();
    const result = await restoreCheckpoint(restoreOrder(record.info.id));
    expect(result).toMatchObject({ success: true, state, dataLoss: false });
    expect(result.items).toEqual([{ type: 'agentStates', id: 'agentStates', change: 'returned' }]);
  });

  it('is partial when something could not be captured, and says what', async () => {
    execFileSync('mkfifo', [at('pipe')]);
    const { captureCheckpoint } = await openActivities(bench);
    expect(await captureCheckpoint({ info: makeInfo(), root: bench.root })).toMatchObject({
      state: 'partial',
      skipped: 1,
      stateReason: 'not captured: pipe (fifo)',
    });
  });

  it.each([
    ['that it remembers', 0],
    ['that another process has stored', 1],
  ])('stores only what is new since a parent %s, also behind an unchanged size and time', async (_, reads) => {
    writeFileSync(at('a'), 'aaaa');
    writeFileSync(at('b'), 'bbbb');
    utimesSync(at('a'), 1000, 1000);
    const first = await openActivities(bench);
    const parent = await first.captureCheckpoint({ info: makeInfo(), root: bench.root });
    const { captureCheckpoint, store } = reads === 0 ? first : await openActivities(bench);
    const reading = vi.spyOn(store, 'manifest');
    writeFileSync(at('a'), 'AAAA');
    utimesSync(at('a'), 1000, 1000);
    const next = await captureCheckpoint({ info: makeInfo(), root: bench.root, parentId: parent.info.id });
    expect(reading).toHaveBeenCalledTimes(reads);
    expect(next.newBytes).toBe(4);
    expect(next.totalBytes).toBe(8);
    expect(await store.verify(next.info.id, 'full')).toEqual([]);
    const orphan = await captureCheckpoint({ info: makeInfo(), root: bench.root, parentId: newId('cp') });
    expect(orphan.newBytes).toBe(0);
  });

  it('leaves out a file that changes whenever it is stored, and says so', async () => {
    writeFileSync(at('restless'), 'x');
    writeFileSync(at('still'), 'still');
    let turn = 0;
    const { captureCheckpoint, store } = await openActivities(bench, {
      failpoint(name) {
        if (name === 'capture.scanned') writeFileSync(at('restless'), `turn ${String((turn += 1))}`);
      },
    });
    const record = await captureCheckpoint({ info: makeInfo(), root: bench.root });
    expect(record).toMatchObject({ state: 'partial', stateReason: 'not captured: restless (torn)' });
    expect((await store.manifest(record.info.id)).files?.map(({ path }) => path)).toEqual(['still']);
    expect(turn).toBe(3);
  });

  it('captures what a log file held when it was looked at', async () => {
    writeFileSync(at('log'), 'one\n');
    const { captureCheckpoint, store } = await openActivities(bench, {
      failpoint(name) {
        if (name === 'capture.scanned') writeFileSync(at('log'), 'two\n', { flag: 'a' });
      },
    });
    const record = await captureCheckpoint({ info: makeInfo(), root: bench.root });
    expect(record).toMatchObject({ state: 'complete', totalBytes: 4 });
    expect(await store.verify(record.info.id, 'full')).toEqual([]);
  });

  it('refuses what is not valid before it touches anything', async () => {
    const { captureCheckpoint } = await openActivities(bench);
    await expect(
      captureCheckpoint({ info: { ...makeInfo(), id: 'nonsense' }, root: bench.root }),
    ).rejects.toMatchObject({ code: 'invalid-input' });
    await expect(captureCheckpoint({ info: makeInfo(), root: bench.storePath })).rejects.toMatchObject({
      code: 'workspace-refused',
    });
    await expect(
      captureCheckpoint({ info: makeInfo(), root: bench.root, state: { artifacts: [{}] } as never }),
    ).rejects.toMatchObject({ code: 'invalid-input' });
  });
});

describe('restore', () => {
  it('brings back every byte, mode, time, link and name, and its backup undoes it', async () => {
    fillTree(bench.root);
    const captured = snapshot(bench.root);
    const id = await capture();
    disturbTree(bench.root);
    const disturbed = snapshot(bench.root, { all: true });
    const { restoreCheckpoint } = await openActivities(bench);

    const order = restoreOrder(id);
    const result = await restoreCheckpoint(order);
    expect(result).toMatchObject({ success: true, dataLoss: false, backupId: order.backup?.id, errors: [] });
    expect(snapshot(bench.root)).toEqual(captured);

    const undone = await restoreCheckpoint(restoreOrder(order.backup?.id ?? ''));
    expect(undone).toMatchObject({ success: true, dataLoss: false });
    expect(snapshot(bench.root, { all: true })).toEqual(disturbed);
    expect(leftovers()).toEqual([]);
  });

  it('makes the whole tree in an empty directory elsewhere', async () => {
    fillTree(bench.root);
    const captured = snapshot(bench.root);
    const id = await capture();
    const elsewhere = join(bench.directory, 'elsewhere');
    mkdirSync(elsewhere);
    const { restoreCheckpoint } = await openActivities(bench);
    expect(await restoreCheckpoint({ ...restoreOrder(id, {}, null), root: elsewhere })).toMatchObject({
      success: true,
      dataLoss: false,
    });
    expect(snapshot(elsewhere)).toEqual(captured);
  });

  it('makes a workspace anew that is gone', async () => {
    fillTree(bench.root);
    const captured = snapshot(bench.root);
    const id = await capture();
    rmSync(bench.root, { recursive: true });
    const { restoreCheckpoint } = await openActivities(bench);
    const { plan } = await restoreCheckpoint(restoreOrder(id, { dryRun: true }));
    expect(existsSync(bench.root)).toBe(false);
    expect(await restoreCheckpoint(restoreOrder(id, { planHash: plan.hash }))).toMatchObject({
      success: true,
      dataLoss: false,
    });
    expect(snapshot(bench.root)).toEqual(captured);
  });

  it('does nothing to a tree that is as captured', async () => {
    fillTree(bench.root);
    const id = await capture();
    const list = (): string => execFileSync('find', [bench.root, '-printf', '%p %C@ %T@ %i\n']).toString('latin1');
    const before = list();
    const result = await (await openActivities(bench)).restoreCheckpoint(restoreOrder(id));
    expect(result).toMatchObject({ success: true, items: [], plan: { changes: [] } });
    expect(list()).toBe(before);
  });

  it('says in a dry run what it would do, and does exactly that', async () => {
    fillTree(bench.root);
    const id = await capture();
    disturbTree(bench.root);
    const before = snapshot(bench.root, { all: true });
    const { restoreCheckpoint, listStored } = await openActivities(bench);
    const { plan, items } = await restoreCheckpoint(restoreOrder(id, { dryRun: true }));
    expect(items).toEqual([]);
    expect(snapshot(bench.root, { all: true })).toEqual(before);
    expect(await listStored()).toHaveLength(1);
    const changes = new Map(plan.changes.map(({ path, change }) => [path, change]));
    expect(changes.get('stray')).toBe('delete');
    expect(changes.get('src/one.txt')).toBe('replace');
    expect(changes.get('src/deep')).toBe('replace');
    expect(changes.get('src/deep/er/blob.bin')).toBe('create');
    expect(changes.get('set-id')).toBe('metadata');
    expect([...changes.keys()].some((path) => path.startsWith('node_modules') || path.startsWith('.git/'))).toBe(false);
    const done = await restoreCheckpoint(restoreOrder(id, { planHash: plan.hash }));
    expect(done.plan).toEqual(plan);
  });

  it('refuses a plan that no longer fits the tree', async () => {
    fillTree(bench.root);
    const id = await capture();
    writeFileSync(at('stray'), 'one');
    const { restoreCheckpoint } = await openActivities(bench);
    const { plan } = await restoreCheckpoint(restoreOrder(id, { dryRun: true }));
    writeFileSync(at('stray'), 'two');
    const before = snapshot(bench.root);
    await expect(restoreCheckpoint(restoreOrder(id, { planHash: plan.hash }))).rejects.toMatchObject({
      code: 'plan-hash-mismatch',
      nonRetryable: true,
    });
    expect(snapshot(bench.root)).toEqual(before);
  });

  it('never touches what was excluded, nor what could not be captured, even below a directory that goes', async () => {
    mkdirSync(at('kept'));
    writeFileSync(at('kept/file'), 'kept');
    const id = await capture();
    mkdirSync(at('new/node_modules'), { recursive: true });
    writeFileSync(at('new/node_modules/x'), 'excluded');
    writeFileSync(at('new/file'), 'goes');
    mkdirSync(at('other'));
    execFileSync('mkfifo', [at('other/pipe')]);
    const result = await (await openActivities(bench)).restoreCheckpoint(restoreOrder(id));
    expect(result).toMatchObject({ success: true });
    expect(existsSync(at('new/file'))).toBe(false);
    expect(readFileSync(at('new/node_modules/x'), 'utf8')).toBe('excluded');
    expect(existsSync(at('other/pipe'))).toBe(true);
  });

  it('leaves alone what was there at the capture and could not be captured', async () => {
    execFileSync('mkfifo', [at('name')]);
    const id = await capture();
    rmSync(at('name'));
    writeFileSync(at('name'), 'now a file');
    expect(await (await openActivities(bench)).restoreCheckpoint(restoreOrder(id))).toMatchObject({ success: true });
    expect(readFileSync(at('name'), 'utf8')).toBe('now a file');
  });

  it('refuses when something it may not remove stands in the way', async () => {
    writeFileSync(at('name'), 'a file');
    const id = await capture();
    rmSync(at('name'));
    mkdirSync(at('name/node_modules'), { recursive: true });
    writeFileSync(at('name/node_modules/x'), 'excluded');
    const { restoreCheckpoint } = await openActivities(bench);
    await expect(restoreCheckpoint(restoreOrder(id))).rejects.toMatchObject({
      code: 'restore-failed',
      nonRetryable: true,
    });
    expect(readFileSync(at('name/node_modules/x'), 'utf8')).toBe('excluded');
  });

  it('says data loss only without a backup', async () => {
    writeFileSync(at('a'), 'one');
    const id = await capture();
    writeFileSync(at('a'), 'two');
    const { restoreCheckpoint } = await openActivities(bench);
    const result = await restoreCheckpoint(restoreOrder(id, {}, null));
    expect(result).toMatchObject({ success: true, dataLoss: true });
    expect(result.backupId).toBeUndefined();
    await expect(restoreCheckpoint({ ...restoreOrder(id), backup: null })).rejects.toMatchObject({
      code: 'invalid-input',
    });
  });

  it('keeps the backup of the first attempt, and refuses to lose what came after it', async () => {
    writeFileSync(at('a'), 'captured');
    const id = await capture();
    writeFileSync(at('a'), 'present');
    const order = restoreOrder(id);
    const failing = await openActivities(bench, {
      failpoint(name) {
        if (name === 'restore.backed-up') throw new Error('stopped here');
      },
    });
    await expect(failing.restoreCheckpoint(order)).rejects.toThrow('stopped here');
    writeFileSync(at('a'), 'newer');
    const { restoreCheckpoint } = await openActivities(bench);
    await expect(restoreCheckpoint(order)).rejects.toMatchObject({ code: 'restore-failed' });
    expect(readFileSync(at('a'), 'utf8')).toBe('newer');
    const forced = await restoreCheckpoint({ ...order, options: { ...order.options, force: true } });
    expect(forced).toMatchObject({ success: true, dataLoss: true });
    expect(await restoreCheckpoint(restoreOrder(order.backup?.id ?? ''))).toMatchObject({ success: true });
    expect(readFileSync(at('a'), 'utf8')).toBe('present');
  });

  it('gives up before the commit when the tree changes under it', async () => {
    writeFileSync(at('a'), 'captured');
    const id = await capture();
    writeFileSync(at('a'), 'present');
    const { restoreCheckpoint } = await openActivities(bench, {
      failpoint(name) {
        if (name === 'restore.stage-file') writeFileSync(at('a'), 'newest');
      },
    });
    await expect(restoreCheckpoint(restoreOrder(id))).rejects.toMatchObject({
      code: 'restore-failed',
      details: { paths: ['a'] },
    });
    expect(readFileSync(at('a'), 'utf8')).toBe('newest');
    expect(leftovers()).toEqual([]);
  });

  it('is no success when the tree is not as captured afterwards', async () => {
    writeFileSync(at('a'), 'captured');
    writeFileSync(at('b'), 'captured');
    const id = await capture();
    writeFileSync(at('a'), 'present');
    const { restoreCheckpoint } = await openActivities(bench, {
      failpoint(name) {
        if (name !== 'restore.before-end') return;
        chmodSync(at('b'), 0o600);
        writeFileSync(at('late'), 'x');
      },
    });
    const result = await restoreCheckpoint(restoreOrder(id));
    expect(result.success).toBe(false);
    expect(result.verified.mismatches).toEqual([
      '"b": mode 0600, captured 0644',
      '"late" is there and was not captured',
    ]);
    expect(result.errors).toHaveLength(2);
  });

  it('never follows a link out of the tree', async () => {
    mkdirSync(at('dir'));
    writeFileSync(at('dir/file'), 'captured');
    const id = await capture();
    const outside = join(bench.directory, 'outside');
    mkdirSync(outside);
    writeFileSync(join(outside, 'file'), 'outside');
    rmSync(at('dir'), { recursive: true });
    symlinkSync(outside, at('dir'));
    expect(await (await openActivities(bench)).restoreCheckpoint(restoreOrder(id))).toMatchObject({ success: true });
    expect(readFileSync(join(outside, 'file'), 'utf8')).toBe('outside');
    expect(readFileSync(at('dir/file'), 'utf8')).toBe('captured');
  });

  it('refuses a root that became a link, parts it has not, and a checkpoint that is not there', async () => {
    const id = await capture();
    const { restoreCheckpoint } = await openActivities(bench);
    await expect(restoreCheckpoint(restoreOrder(id, { parts: ['context'] }))).rejects.toMatchObject({
      code: 'invalid-input',
    });
    await expect(restoreCheckpoint(restoreOrder(newId('cp')))).rejects.toMatchObject({ code: 'checkpoint-not-found' });
    rmSync(bench.root, { recursive: true });
    symlinkSync(bench.directory, bench.root);
    await expect(restoreCheckpoint(restoreOrder(id))).rejects.toMatchObject({ code: 'workspace-refused' });
    rmSync(bench.root);
    mkdirSync(bench.root);
  });

  it('lets one restore of a root run at a time', async () => {
    writeFileSync(at('a'), 'captured');
    const id = await capture();
    writeFileSync(at('a'), 'present');
    const inner = await openActivities(bench);
    let refused: unknown;
    const outer = await openActivities(bench, {
      async failpoint(name) {
        if (name === 'restore.before-commit')
          refused = await inner.restoreCheckpoint(restoreOrder(id)).catch((error: unknown) => error);
      },
    });
    expect(await outer.restoreCheckpoint(restoreOrder(id))).toMatchObject({ success: true });
    expect(refused).toMatchObject({ code: 'target-locked' });
  });

  it('works on any store', async () => {
    fillTree(bench.root);
    const captured = snapshot(bench.root);
    const store = createMemoryStore();
    const activities = await openActivities(bench, { openStore: () => Promise.resolve(store) });
    const id = newId('cp');
    await activities.captureCheckpoint({ info: makeInfo(id), root: bench.root });
    disturbTree(bench.root);
    expect(await activities.restoreCheckpoint(restoreOrder(id))).toMatchObject({ success: true });
    expect(snapshot(bench.root)).toEqual(captured);
  });
});
