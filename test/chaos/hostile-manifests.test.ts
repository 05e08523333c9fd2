import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FileEntry, Manifest } from '../../src/domain/checkpoint.ts';
import { makeDraft } from '../contract/checkpoint-store.suite.ts';
import { openActivities, restoreOrder } from '../integration/checkpoint-fixtures.ts';
import { makeWorld, pictureOf } from './world.ts';
import type { World } from './world.ts';

let world: World;
beforeEach(() => {
  world = makeWorld();
  writeFileSync(world.at('present'), 'present');
});
afterEach(() => {
  world.close();
});

type Forgery = (files: FileEntry[], manifest: Manifest) => FileEntry[];

/** The store of somebody else, who wrote this manifest without any capture. */
async function forge(forgery: Forgery): Promise<string> {
  const { store } = await openActivities(world.bench);
  const draft = makeDraft(['one', 'two']);
  const { manifest } = draft;
  const files = forgery([...(manifest.files ?? [])], manifest);
  const scope = { root: world.bench.root, exclude: ['.git', 'secret'] };
  await store.put({ ...draft, manifest: { ...manifest, files, scope } });
  return manifest.info.id;
}

const directory = (path: string): FileEntry => ({ path, type: 'dir', mode: 0o755, uid: 0, gid: 0, mtimeNs: '0' });
const link = (path: string, target: string): FileEntry => ({ ...directory(path), type: 'symlink', target });
/** A file with content that the store really has. */
const at = ([first]: FileEntry[], path: string): FileEntry => ({ ...first, path }) as FileEntry;
const sized = ([first]: FileEntry[], path: string, size: number): FileEntry => ({ ...first, path, size }) as FileEntry;

async function expectRefused(id: string, code: string, limits?: { maxFiles: number; maxBytes: number }): Promise<void> {
  const before = pictureOf(world.bench);
  const { restoreCheckpoint, listStored } = await openActivities(world.bench, limits === undefined ? {} : { limits });
  await expect(restoreCheckpoint(restoreOrder(id, { force: true }))).rejects.toMatchObject({ code });
  expect(pictureOf(world.bench)).toBe(before);
  expect(readdirSync(world.bench.directory).sort()).toEqual(
    ['data', 'store', 'work'].filter((name) => existsSync(join(world.bench.directory, name))),
  );
  return listStored().then(() => undefined);
}

describe('a manifest that no capture wrote', () => {
  const outside: [string, Forgery][] = [
    ['an absolute path', (files) => [...files, at(files, '/etc/rerail-was-here')]],
    ['a way up', (files) => [...files, at(files, '../rerail-was-here')]],
    ['a way up from below', (files) => [...files, directory('a'), at(files, 'a/../../rerail-was-here')]],
    [
      'a file through a link out of the tree',
      (files) => [...files, link('out', '/tmp'), at(files, 'out/rerail-was-here')],
    ],
    ['a file through a link after its directory', (files) => [directory('d'), at(files, 'd/x'), link('d', '/tmp')]],
    ['one path twice', (files) => [...files, at(files, 'file-0')]],
    ['a NUL in a name', (files) => [...files, at(files, 'a\0b')]],
    ['an excluded path', (files) => [...files, at(files, 'secret')]],
    ['a path below what is excluded', (files) => [...files, directory('.git'), at(files, '.git/config')]],
    ['the place where restores are prepared', (files) => [...files, at(files, '.rerail-stage-0')]],
    [
      'bytes that are not the name it shows',
      (files) => [...files, { ...at(files, 'harmless'), pathBytes: Buffer.from('../x').toString('base64') }],
    ],
    ['a file where nothing holds it', (files) => [...files, at(files, 'nowhere/x')]],
  ];
  it.each(outside)('with %s is refused before anything is written', async (_, forgery) => {
    await expectRefused(await forge(forgery), 'path-outside-workspace');
    expect(existsSync('/tmp/rerail-was-here')).toBe(false);
  });

  it.each([
    ['a device', { type: 'device', rdev: '1:3' }],
    ['a mode of more than twelve bits', { mode: 0o10644 }],
    ['a digest of another form', { sha256: '../../x' }],
    ['a size that is no number', { size: '12' }],
  ])('with %s does not get into a store', async (_, oddity) => {
    await expect(forge((files) => [...files, { ...at(files, 'odd'), ...oddity } as FileEntry])).rejects.toThrow();
    expect(await (await openActivities(world.bench)).listStored()).toEqual([]);
  });

  it.each([
    ['more bytes than any disk has', 2 ** 52, 'workspace-refused'],
    ['more bytes than its content', 1000, 'restore-failed'],
    ['fewer bytes than its content', 1, 'restore-failed'],
    ['fewer bytes than none', -1_000_000, 'restore-failed'],
  ])('that claims %s for a file is refused before anything is written', async (_, size, code) => {
    // The true size stands at a second file with the same content, which is how it got into the store.
    await expectRefused(await forge((files) => [sized(files, 'a-liar', size), ...files]), code);
  });

  it('with more entries or bytes than a tree may have is refused before anything is written', async () => {
    const id = await forge((files) => [...files, ...['x', 'y', 'z'].map((path) => directory(path))]);
    await expectRefused(id, 'workspace-refused', { maxFiles: 4, maxBytes: 1000 });
    await expectRefused(id, 'workspace-refused', { maxFiles: 10, maxBytes: 5 });
  });

  it('that is honest is restored', async () => {
    const id = await forge((files) => files);
    const { restoreCheckpoint } = await openActivities(world.bench);
    expect(await restoreCheckpoint(restoreOrder(id))).toMatchObject({ success: true });
    expect(readdirSync(world.bench.root)).toEqual(['file-0', 'file-1']);
  });
});
