import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createArtifactActivities } from '../../src/activities/artifacts/create-artifact-activities.ts';
import { newId } from '../../src/domain/ids.ts';
import type { RestoreOptions } from '../../src/domain/rollback.ts';
import { newBenchForEach } from './checkpoint-bench.ts';
import { flip, makeInfo, openActivities, restoreOrder, runAndKill, snapshot } from './checkpoint-fixtures.ts';

const { bench, at } = newBenchForEach();
const subject = makeInfo().subject;
const digest = (text: string): string => createHash('sha256').update(text).digest('hex');
const objectOf = (text: string): string =>
  join(bench.dataDir, 'artifacts/objects', digest(text).slice(0, 2), digest(text));

async function save(content: string, path = 'dist/app'): Promise<void> {
  mkdirSync(join(at(path), '..'), { recursive: true });
  writeFileSync(at(path), content);
  const artifacts = [{ name: path.split('/').at(-1) ?? '', path, type: 'binary' }];
  await createArtifactActivities(bench).saveArtifacts({ subject, workspace: bench.root, artifacts });
}

/** What the tree does not hold comes from the artifact store alone. */
const APART = { exclude: ['dist/**'] };

async function capture(more: object = {}) {
  const { captureCheckpoint } = await openActivities(bench);
  return captureCheckpoint({ info: makeInfo(newId('cp')), root: bench.root, ...more });
}

const restore = async (id: string, options: Partial<RestoreOptions> = {}) =>
  (await openActivities(bench)).restoreCheckpoint(restoreOrder(id, options));

/** By a caller; no store knows it. */
const DESCRIBED = {
  id: 'x',
  type: 'image',
  name: 'x',
  version: '9',
  checksum: 'f'.repeat(64),
  size: 1,
  storagePath: 's3',
};

const current = async (): Promise<Record<string, string>> =>
  Object.fromEntries(
    (await createArtifactActivities(bench).listArtifacts({ subject })).map((artifact) => [
      artifact.name,
      artifact.current,
    ]),
  );
const read = (path = 'dist/app'): string => readFileSync(at(path), 'utf8');

describe('a capture', () => {
  it('records the current version of each artifact, also when it is repeated', async () => {
    await save('one');
    await save('two');
    await save('map', 'dist/app.map');
    const info = makeInfo();
    const { captureCheckpoint } = await openActivities(bench);
    const record = await captureCheckpoint({ info, root: bench.root, state: { artifacts: [] } });
    const entry = { type: 'binary', stored: true };
    expect(record.state).toBe('complete');
    expect(record.inline?.artifacts).toEqual([
      { ...entry, id: 'app', name: 'app', version: 'v2', checksum: digest('two'), size: 3, storagePath: 'dist/app' },
      {
        ...entry,
        id: 'app.map',
        name: 'app.map',
        version: 'v1',
        checksum: digest('map'),
        size: 3,
        storagePath: 'dist/app.map',
      },
    ]);
    expect((await captureCheckpoint({ info, root: bench.root })).inline).toEqual(record.inline);
  });

  it('takes what a caller says instead', async () => {
    await save('one');
    const { inline } = await capture({ state: { artifacts: [DESCRIBED] } });
    expect(inline?.artifacts).toEqual([DESCRIBED]);
  });

  it.each(['missing', 'damaged'])('is partial when the content of one is %s', async (state) => {
    await save('one');
    await save('map', 'dist/app.map');
    if (state === 'missing') rmSync(objectOf('one'));
    else flip(objectOf('one'), 0);
    const record = await capture();
    expect(record).toMatchObject({
      state: 'partial',
      skipped: 1,
      stateReason: `not captured: artifact app v1 (${state})`,
    });
    expect(record.inline?.artifacts).toMatchObject([{ id: 'app.map' }]);
  });
});

describe('a restore of artifacts', () => {
  it('makes the captured versions current and puts them back; an undo and its undo end where they should', async () => {
    await save('one');
    const { info } = await capture(APART);
    await save('two');
    await save('three');
    const { plan } = await restore(info.id, { dryRun: true });
    expect(plan.artifacts).toEqual([
      {
        id: 'app',
        type: 'binary',
        name: 'app',
        from: 'v3',
        to: 'v1',
        sha256: digest('one'),
        storagePath: 'dist/app',
        content: 'place',
      },
    ]);
    expect([await current(), read()]).toEqual([{ app: 'v3' }, 'three']);

    const result = await restore(info.id, { planHash: plan.hash });
    expect(result).toMatchObject({ success: true, dataLoss: false, errors: [] });
    expect(result.items).toContainEqual({
      type: 'artifact',
      id: 'app',
      name: 'app',
      change: 'v3 -> v1',
      previousVersion: 'v3',
      restoredVersion: 'v1',
    });
    expect([await current(), read()]).toEqual([{ app: 'v1' }, 'one']);

    const undone = await restore(result.backupId ?? '');
    expect([await current(), read()]).toEqual([{ app: 'v3' }, 'three']);
    await restore(undone.backupId ?? '');
    expect([await current(), read()]).toEqual([{ app: 'v1' }, 'one']);
    expect((await restore(info.id)).plan.artifacts).toBeUndefined();
  });

  it('refuses another plan than the one agreed to', async () => {
    await save('one');
    const { info } = await capture(APART);
    await save('two');
    const { plan } = await restore(info.id, { dryRun: true });
    await save('three');
    await expect(restore(info.id, { planHash: plan.hash })).rejects.toMatchObject({ code: 'plan-hash-mismatch' });
    expect([await current(), read()]).toEqual([{ app: 'v3' }, 'three']);
  });

  it('leaves them alone when other parts are named, and takes only those that are named', async () => {
    await save('one');
    await save('map one', 'dist/map');
    const { info } = await capture(APART);
    await save('two');
    await save('map two', 'dist/map');
    await restore(info.id, { parts: ['files'] });
    expect(await current()).toEqual({ app: 'v2', map: 'v2' });
    const result = await restore(info.id, { scope: { artifacts: ['map'] } });
    expect(result).toMatchObject({ strategy: 'selective', success: true });
    expect([await current(), read(), read('dist/map')]).toEqual([{ app: 'v2', map: 'v1' }, 'two', 'map one']);
    await restore(result.backupId ?? '', { parts: ['artifacts'] });
    expect(await current()).toEqual({ app: 'v2', map: 'v2' });
    await expect(restore(info.id, { scope: { artifacts: ['nope'] } })).rejects.toMatchObject({ code: 'invalid-input' });
  });

  it('goes by the tree where the tree has the file, to the nanosecond', async () => {
    await save('one');
    const before = snapshot(bench.root);
    const { info } = await capture();
    await save('two');
    const result = await restore(info.id);
    expect(result.plan.artifacts).toMatchObject([{ from: 'v2', to: 'v1', content: 'tree' }]);
    expect(result.success).toBe(true);
    expect(snapshot(bench.root)).toEqual(before);
    expect(await current()).toEqual({ app: 'v1' });
    await restore(result.backupId ?? '');
    expect([await current(), read()]).toEqual([{ app: 'v2' }, 'two']);
  });

  it('puts one into a directory that the tree has, whose times stay', async () => {
    await save('one', 'bin/app.bin');
    writeFileSync(at('bin/read.me'), 'beside it');
    const { info } = await capture({ exclude: ['**/*.bin'] });
    await save('two', 'bin/app.bin');
    rmSync(at('bin/read.me'));
    expect(await restore(info.id)).toMatchObject({ success: true, errors: [] });
    expect(read('bin/app.bin')).toBe('one');
  });

  it('keeps what is in no version yet, and the undo brings it back', async () => {
    await save('one');
    const { info } = await capture(APART);
    await save('two');
    writeFileSync(at('dist/app'), 'by hand');
    const { plan } = await restore(info.id, { dryRun: true });
    expect(plan.artifacts).toMatchObject([{ from: 'v3', to: 'v1', unsaved: true }]);
    const result = await restore(info.id, { planHash: plan.hash });
    expect(read()).toBe('one');
    await restore(result.backupId ?? '');
    expect([await current(), read()]).toEqual([{ app: 'v3' }, 'by hand']);
  });

  it('works for a checkpoint without files', async () => {
    await save('one');
    const { captureCheckpoint } = await openActivities(bench);
    const { info } = await captureCheckpoint({ info: makeInfo() });
    await save('two');
    const { plan } = await restore(info.id, { dryRun: true });
    await expect(restore(info.id, { planHash: '0'.repeat(64) })).rejects.toMatchObject({ code: 'plan-hash-mismatch' });
    const { backupId = '' } = await restore(info.id, { planHash: plan.hash });
    expect([await current(), read()]).toEqual([{ app: 'v1' }, 'one']);
    await restore(backupId);
    expect([await current(), read()]).toEqual([{ app: 'v2' }, 'two']);
  });

  it('returns what a caller described and the store does not know, and changes nothing', async () => {
    const { info } = await capture({ state: { artifacts: [DESCRIBED] } });
    const result = await restore(info.id);
    expect(result).toMatchObject({ success: true, state: { artifacts: [DESCRIBED] }, lost: [] });
    expect(result.plan.artifacts).toBeUndefined();
    expect(result.items).toContainEqual({ type: 'artifacts', id: 'artifacts', change: 'returned' });
  });

  it.each(['gone', 'damaged'])('names content that is %s, and restores the rest only when told to', async (how) => {
    await save('one');
    await save('map one', 'dist/map');
    writeFileSync(at('file'), 'good');
    const { info } = await capture(APART);
    await save('two');
    await save('map two', 'dist/map');
    writeFileSync(at('file'), 'bad');
    if (how === 'gone')
      rmSync(join(bench.dataDir, 'artifacts/objects', digest('one').slice(0, 2)), { recursive: true });
    else flip(objectOf('one'), 0);
    await expect(restore(info.id)).rejects.toMatchObject({
      code: 'artifact-corrupt',
      message: expect.stringContaining('artifact app v1'),
    });
    expect([read('file'), await current()]).toEqual(['bad', { app: 'v2', map: 'v2' }]);
    const result = await restore(info.id, { skipLost: true });
    expect(result).toMatchObject({ success: true, dataLoss: true, lost: ['artifact app v1'] });
    expect([read('file'), read(), read('dist/map')]).toEqual(['good', 'two', 'map one']);
    expect(await current()).toEqual({ app: 'v2', map: 'v1' });
  });

  it('names all of them when the whole store is gone', async () => {
    await save('one');
    const { info } = await capture(APART);
    rmSync(join(bench.dataDir, 'artifacts'), { recursive: true });
    await expect(restore(info.id)).rejects.toMatchObject({ code: 'artifact-corrupt' });
  });

  it.each([
    ['restore.planned', 1, APART],
    ['restore.backed-up', 1, APART],
    ['restore.after-commit', 1, APART],
    ['restore.before-end', 1, APART],
    ['restore.artifact-placed', 1, APART],
    ['restore.artifact-placed', 2, APART],
    ['restore.artifact-placed', 1, {}],
    ['restore.after-commit', 1, {}],
  ])(
    'killed at %s (%d), the same again ends right, and so does its undo',
    async (failpoint, passing, options) => {
      await save('one');
      await save('map one', 'dist/map');
      writeFileSync(at('file'), 'good');
      const { info } = await capture(options);
      await save('two');
      await save('map two', 'dist/map');
      writeFileSync(at('file'), 'bad');
      writeFileSync(at('dist/app'), 'by hand');
      const { restoreCheckpoint } = await openActivities(bench);
      const { plan } = await restoreCheckpoint(restoreOrder(info.id, { dryRun: true }));
      const order = restoreOrder(info.id, { planHash: plan.hash });
      runAndKill({ bench, restore: order, failpoint, passing });

      const result = await restoreCheckpoint(order);
      expect(result).toMatchObject({ success: true, dataLoss: false, backupId: order.backup?.id });
      expect(result.plan.artifacts).toEqual(plan.artifacts);
      expect([read(), read('dist/map'), read('file')]).toEqual(['one', 'map one', 'good']);
      expect(await current()).toEqual({ app: 'v1', map: 'v1' });

      await restore(order.backup?.id ?? '');
      expect([read(), read('dist/map'), read('file')]).toEqual(['by hand', 'map two', 'bad']);
      expect(await current()).toMatchObject({ map: 'v2' });
    },
    60_000,
  );
});
