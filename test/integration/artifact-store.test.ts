import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createArtifactActivities } from '../../src/activities/artifacts/create-artifact-activities.ts';
import { createArtifactStore } from '../../src/store/artifacts/artifact-store.ts';
import { newBenchForEach } from './checkpoint-bench.ts';
import { flip } from './checkpoint-fixtures.ts';

const { bench, at } = newBenchForEach();
const subject = 'release/web';

const folder = (): string => join(bench.dataDir, 'artifacts');
const open = () => createArtifactActivities(bench);
const store = () => createArtifactStore({ directory: folder() });
const digest = (text: string): string => createHash('sha256').update(text).digest('hex');
const objectOf = (text: string): string => join(folder(), 'objects', digest(text).slice(0, 2), digest(text));

async function save(content: string, more: { version?: string; key?: string; name?: string; path?: string } = {}) {
  const { key, name = 'app', path = 'dist/app', version } = more;
  mkdirSync(join(at(path), '..'), { recursive: true });
  writeFileSync(at(path), content);
  const [saved] = await open().saveArtifacts({
    subject,
    workspace: bench.root,
    artifacts: [{ name, path, version }],
    key,
  });
  return saved;
}

const current = async (name = 'app') => (await store().find(subject, name)).version.version;

async function readBack(name: string, version?: string): Promise<string> {
  const found = await store().find(subject, name, version);
  const pieces: Uint8Array[] = [];
  for await (const piece of store().read(name, found.version)) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

describe('saving', () => {
  it('counts versions by content, and unchanged content makes no new one', async () => {
    expect(await save('one')).toEqual({
      name: 'app',
      type: 'file',
      version: 'v1',
      sha256: digest('one'),
      size: 3,
      storagePath: 'dist/app',
    });
    expect(await save('one')).toMatchObject({ version: 'v1' });
    expect(await save('two')).toMatchObject({ version: 'v2' });
    expect(await readBack('app', 'v1')).toBe('one');
    expect(await readBack('app')).toBe('two');
    expect(await save('one')).toMatchObject({ version: 'v1' });
    expect(await current()).toBe('v1');
    const [artifact] = await open().listArtifacts({ subject });
    expect(artifact?.versions.map(({ version }) => version)).toEqual(['v1', 'v2']);
  });

  it('refuses other content for a version that is there', async () => {
    await save('one', { version: '1.0.0' });
    expect(await save('one', { version: '1.0.0' })).toMatchObject({ version: '1.0.0' });
    await expect(save('two', { version: '1.0.0' })).rejects.toMatchObject({ code: 'artifact-conflict' });
    expect(await readBack('app')).toBe('one');
  });

  it('does nothing the second time for the same key, even when the file is gone or changed', async () => {
    await save('one', { key: 'run/1' });
    await save('two', { key: 'run/2' });
    rmSync(at('dist'), { recursive: true });
    const [again] = await open().saveArtifacts({
      subject,
      workspace: bench.root,
      artifacts: [{ name: 'app', path: 'dist/app' }],
      key: 'run/1',
    });
    expect(again).toMatchObject({ version: 'v1' });
    expect(await current()).toBe('v2');
  });

  it('keeps objects and lists to their owner, and leaves nothing else behind', async () => {
    await save('one');
    expect(statSync(objectOf('one')).mode & 0o777).toBe(0o600);
    expect(statSync(join(objectOf('one'), '..')).mode & 0o777).toBe(0o700);
    const [own = ''] = readdirSync(join(folder(), 'subjects'));
    expect(statSync(join(folder(), 'subjects', own, 'index.json')).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(folder(), 'incoming'))).toEqual([]);
    expect(readdirSync(join(folder(), 'locks'))).toEqual([]);
  });

  it('loses none of many that come at once', async () => {
    mkdirSync(at('dist'));
    const names = Array.from({ length: 12 }, (_item, index) => `part-${String(index)}`);
    for (const name of names) writeFileSync(at(`dist/${name}`), name);
    await Promise.all(
      names.map((name) =>
        open().saveArtifacts({ subject, workspace: bench.root, artifacts: [{ name, path: `dist/${name}` }] }),
      ),
    );
    const saved = await open().listArtifacts({ subject });
    expect(saved.map(({ name }) => name).sort()).toEqual([...names].sort());
  });

  it.each([
    ['../outside', 'path-outside-workspace'],
    ['link-out', 'path-outside-workspace'],
    ['missing', 'invalid-input'],
    ['.', 'invalid-input'],
    ['directory', 'invalid-input'],
  ])('refuses the path %s', async (path, code) => {
    writeFileSync(join(bench.directory, 'outside'), 'secret');
    symlinkSync(join(bench.directory, 'outside'), at('link-out'));
    mkdirSync(at('directory'));
    const order = { subject, workspace: bench.root, artifacts: [{ name: 'app', path }] };
    await expect(open().saveArtifacts(order)).rejects.toMatchObject({ code });
  });

  it('passes over what is not there only when told to', async () => {
    writeFileSync(at('there'), 'there');
    const artifacts = ['gone', 'gone/below', 'there'].map((path) => ({ name: path.replace('/', '-'), path }));
    const order = { subject, workspace: bench.root, artifacts };
    await expect(open().saveArtifacts(order)).rejects.toMatchObject({ code: 'invalid-input' });
    expect(await open().saveArtifacts({ ...order, missing: 'skip' })).toMatchObject([{ name: 'there' }]);
  });

  it.each(['../up', 'a/b', '.hidden', '', 'x'.repeat(101)])('refuses the name %j', async (name) => {
    await expect(save('one', { name })).rejects.toMatchObject({ code: 'invalid-input' });
    await expect(save('one', { version: name })).rejects.toMatchObject({ code: 'invalid-input' });
  });
});

describe('a damaged object', () => {
  it('is never handed out, and is mended by the same content saved again', async () => {
    await save('x'.repeat(1_000_000));
    flip(objectOf('x'.repeat(1_000_000)), 500_000);
    await expect(readBack('app')).rejects.toMatchObject({ code: 'artifact-corrupt' });
    await save('x'.repeat(1_000_000));
    expect(await readBack('app')).toBe('x'.repeat(1_000_000));
  });

  it('of another length is found without a read, and one that is gone is missing', async () => {
    await save('one');
    const { version } = await store().find(subject, 'app');
    appendFileSync(objectOf('one'), 'more');
    expect(await store().check(version, 'quick')).toBe('damaged');
    await expect(readBack('app')).rejects.toMatchObject({ code: 'artifact-corrupt' });
    rmSync(objectOf('one'));
    expect(await store().check(version, 'quick')).toBe('missing');
  });

  it('is not put into the workspace', async () => {
    await save('one');
    await save('two');
    flip(objectOf('one'), 1);
    await expect(open().activateArtifact({ subject, name: 'app', version: 'v1' })).rejects.toMatchObject({
      code: 'artifact-corrupt',
    });
    expect(readFileSync(at('dist/app'), 'utf8')).toBe('two');
    expect(readdirSync(at('dist'))).toEqual(['app']);
    expect(await current()).toBe('v2');
  });
});

describe('activating', () => {
  it('puts content and mode back, makes it current, and may be repeated', async () => {
    mkdirSync(at('dist'));
    writeFileSync(at('dist/app'), '');
    chmodSync(at('dist/app'), 0o750);
    await save('one');
    await save('two');
    rmSync(at('dist'), { recursive: true });
    const order = { subject, name: 'app', version: 'v1' };
    expect(await open().activateArtifact(order)).toEqual({ previousVersion: 'v2', version: 'v1' });
    expect(readFileSync(at('dist/app'), 'utf8')).toBe('one');
    expect(statSync(at('dist/app')).mode & 0o777).toBe(0o750);
    const { ino } = statSync(at('dist/app'));
    await open().activateArtifact(order);
    expect(statSync(at('dist/app')).ino).toBe(ino);
    expect(await current()).toBe('v1');
  });

  it('makes a version of what would be overwritten', async () => {
    await save('one');
    await save('two');
    writeFileSync(at('dist/app'), 'by hand');
    await open().activateArtifact({ subject, name: 'app', version: 'v1' });
    expect(readFileSync(at('dist/app'), 'utf8')).toBe('one');
    expect(await readBack('app', 'v3')).toBe('by hand');
  });

  it('never follows a link out of the workspace', async () => {
    await save('one');
    await save('two');
    rmSync(at('dist'), { recursive: true });
    mkdirSync(join(bench.directory, 'elsewhere'));
    writeFileSync(join(bench.directory, 'elsewhere/app'), 'secret');
    symlinkSync(join(bench.directory, 'elsewhere'), at('dist'));
    await expect(open().activateArtifact({ subject, name: 'app', version: 'v1' })).rejects.toMatchObject({
      code: 'path-outside-workspace',
    });
    expect(readFileSync(join(bench.directory, 'elsewhere/app'), 'utf8')).toBe('secret');
    const [artifact] = await open().listArtifacts({ subject });
    expect(artifact?.versions).toHaveLength(2);
  });
});

describe('removing', () => {
  it('refuses the current version, and frees content that nobody needs', async () => {
    await save('one');
    await save('two');
    await save('two', { name: 'copy', path: 'copy' });
    const remove = open().removeArtifactVersion;
    await expect(remove({ subject, name: 'app', version: 'v2' })).rejects.toMatchObject({ code: 'invalid-input' });
    await expect(remove({ subject, name: 'app', version: 'v9' })).rejects.toMatchObject({ code: 'artifact-not-found' });
    await remove({ subject, name: 'app', version: 'v1' });
    expect(existsSync(objectOf('one'))).toBe(false);
    await save('three');
    await remove({ subject, name: 'app', version: 'v2' });
    expect(await readBack('copy')).toBe('two');
  });
});
