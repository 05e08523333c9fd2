import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { canonicalJson } from '../../src/domain/canonical-json.ts';
import type { Manifest } from '../../src/domain/checkpoint.ts';
import { newId } from '../../src/domain/ids.ts';
import type { CheckpointStore } from '../../src/store/checkpoint-store.ts';
import { createGitStore } from '../../src/store/git-store/create-git-store.ts';
import { makeDraft } from '../contract/checkpoint-store.suite.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const pathOf = (digest: string): string => `b/${digest.slice(0, 2)}/${digest}`;

let directory: string;
let store: CheckpointStore;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rerail-hostile-'));
  store = await createGitStore({ path: join(directory, 'store') });
});
afterEach(() => rm(directory, { recursive: true, force: true }));

interface Forgery {
  /** Path, mode, and bytes or the id of an object; after those of the honest checkpoint. */
  more?: [path: string, mode: string, bytes: string][];
  without?: string[];
  manifest?: (manifest: Manifest) => unknown;
  header?: (header: Record<string, unknown>) => unknown;
  parent?: boolean;
  format?: 'sha1' | 'sha256';
  /** Further refs into the bundle. */
  refs?: string[];
  bundle?: (bytes: Buffer) => Buffer;
}

/** A bundle that git itself has made and finds in order, of what no store of ours would write. */
async function forge(id: string, contents: string[], forgery: Forgery): Promise<string> {
  const { manifest, parts } = makeDraft(contents, { id });
  const gitDir = await mkdtemp(join(directory, 'forge-'));
  const git = (args: string[], input = ''): string =>
    execFileSync('git', args, {
      env: {
        PATH: process.env['PATH'],
        GIT_DIR: gitDir,
        GIT_CONFIG_GLOBAL: '/dev/null',
        GIT_CONFIG_NOSYSTEM: '1',
        ...Object.fromEntries(
          ['AUTHOR', 'COMMITTER'].flatMap((who) => [
            [`GIT_${who}_NAME`, 'rerail'],
            [`GIT_${who}_EMAIL`, 'rerail@localhost'],
          ]),
        ),
      },
      input,
      stdio: ['pipe', 'pipe', 'ignore'],
    })
      .toString()
      .trim();
  git(['init', '--bare', '--quiet', `--object-format=${forgery.format ?? 'sha256'}`, gitDir]);

  const text = canonicalJson(forgery.manifest?.(manifest) ?? manifest);
  const honest = { version: 1, checksum: sha256(text), createdAt: manifest.createdAt, newBytes: 1, durationMs: 1 };
  const entries = new Map<string, [mode: string, bytes: string]>([['manifest.json', ['100644', text]]]);
  for (const [name, value] of Object.entries(parts)) entries.set(`p/${name}.json`, ['100644', canonicalJson(value)]);
  for (const content of contents) entries.set(pathOf(sha256(content)), ['100644', content]);
  for (const path of forgery.without ?? []) entries.delete(path);
  for (const [path, mode, bytes] of forgery.more ?? []) entries.set(path, [mode, bytes]);
  const index = [...entries].map(
    ([path, [mode, bytes]]) => `${mode} ${git(['hash-object', '-w', '--stdin'], bytes)}\t${path}\n`,
  );
  git(['update-index', '--add', '--index-info'], index.join(''));
  const tree = git(['write-tree']);
  const parent = forgery.parent === true ? ['-p', git(['commit-tree', tree, '-m', 'parent'])] : [];
  const message = JSON.stringify(forgery.header?.(honest) ?? honest);
  const commit = git(['commit-tree', tree, ...parent], message);
  for (const ref of [`refs/checkpoints/${id}`, ...(forgery.refs ?? [])]) git(['update-ref', ref, commit]);
  const file = `${gitDir}.bundle`;
  git(['bundle', 'create', '--quiet', file, `refs/checkpoints/${id}`, ...(forgery.refs ?? [])]);
  if (forgery.bundle) await writeFile(file, forgery.bundle(await readFile(file)));
  return file;
}

describe('a bundle that git finds in order', () => {
  it('is taken when it is what a store would write', async () => {
    const id = newId('cp');
    await store.importBundle(id, await forge(id, ['one', 'two'], {}));
    expect(await store.verify(id, 'full')).toEqual([]);
  });

  const wanted = sha256('wanted by others later');
  const forgeries: [string, Forgery][] = [
    ['names other bytes by a digest of the manifest', { more: [[pathOf(sha256('one')), '100644', 'ONE']] }],
    ['brings bytes under a digest that its manifest does not name', { more: [[pathOf(wanted), '100644', 'poison']] }],
    ['brings a folder besides', { more: [['x/y', '100644', 'z']] }],
    ['brings a file besides', { more: [['hooks', '100644', 'z']] }],
    ['brings a further part', { more: [['p/workflow.json', '100644', '{}']] }],
    ['lacks a content', { without: [pathOf(sha256('one'))] }],
    ['lacks a part', { without: ['p/context.json'] }],
    ['has another part', { more: [['p/context.json', '100644', '{"note":"other"}']] }],
    ['lacks the manifest', { without: ['manifest.json'] }],
    ['has the manifest of another checkpoint', { manifest: (m) => ({ ...m, info: { ...m.info, id: newId('cp') } }) }],
    ['has a manifest of another form', { manifest: () => ({ schemaVersion: 1 }) }],
    ['has another checksum', { header: (header) => ({ ...header, checksum: sha256('') }) }],
    ['has another time', { header: (header) => ({ ...header, createdAt: '2030-01-01T00:00:00.000Z' }) }],
    ['has a header of another form', { header: () => 'none' }],
    ['has a header of 100 KB', { header: (header) => ({ ...header, more: 'x'.repeat(100_000) }) }],
    ['has a parent', { parent: true }],
    ['has a link for a content', { more: [[pathOf(sha256('one')), '120000', 'one']] }],
    ['has a program for a content', { more: [[pathOf(sha256('one')), '100755', 'one']] }],
    ['has a path of git', { more: [['b/x', '120000', '.gitmodules']] }],
    ['is of the other object format', { format: 'sha1' }],
    ['has a second ref', { refs: ['refs/checkpoints/cp_00000000000000000000000000'] }],
    ['has a branch', { refs: ['refs/heads/main'] }],
    [
      'needs what it does not bring',
      {
        bundle: (bytes) => {
          const end = bytes.indexOf('\n', bytes.indexOf('@')) + 1;
          return Buffer.concat([bytes.subarray(0, end), Buffer.from(`-${'1'.repeat(64)} x\n`), bytes.subarray(end)]);
        },
      },
    ],
  ];
  it.each(forgeries)('and %s is refused, and changes nothing', async (_, forgery) => {
    const id = newId('cp');
    const file = await forge(id, ['one', 'two'], forgery);
    await expect(store.importBundle(id, file)).rejects.toMatchObject({ code: 'checkpoint-corrupt' });
    expect(await store.list()).toEqual([]);
    expect(await readdir(join(directory, 'store/repository/objects/pack'))).toEqual([]);
    expect((await readdir(join(directory, 'store'))).filter((name) => name.startsWith('.'))).toEqual([]);
  });
});

describe('an import', () => {
  const importing = async (failpoint: (name: string) => void) => {
    const from = await createGitStore({ path: join(directory, 'from') });
    const draft = makeDraft(['one', 'shared']);
    const id = draft.manifest.info.id;
    const receipt = await from.put(draft);
    await from.exportBundle(id, join(directory, 'bundle'));
    const into = await createGitStore({ path: join(directory, 'store'), failpoint });
    return { id, receipt, into, run: () => into.importBundle(id, join(directory, 'bundle')) };
  };

  it.each(['import.before-adopt', 'import.before-publish'])(
    'cut short at %s shows nothing, and works then',
    async (name) => {
      let cut = true;
      const { id, receipt, into, run } = await importing((point) => {
        if (cut && point === name) throw new Error('cut short');
      });
      await expect(run()).rejects.toThrow('cut short');
      expect(await into.list()).toEqual([]);
      expect(await into.hasContent([sha256('one')])).toEqual(new Set());
      cut = false;
      expect(await run()).toEqual(receipt);
      await into.delete([id]);
      expect((await into.sweep()).freedBytes).toBeGreaterThan(0);
      expect(await readdir(join(directory, 'store/repository/objects/pack'))).toEqual([]);
    },
  );

  it('reads what the store has of it already, and takes the good copy instead of a damaged one', async () => {
    const { id, into, run } = await importing(() => undefined);
    const resident = makeDraft(['shared', 'own']);
    await into.put(resident);
    const packs = join(directory, 'store/repository/objects/pack');
    const [pack = ''] = (await readdir(packs)).filter((name) => name.endsWith('.pack'));
    const bytes = await readFile(join(packs, pack));
    await chmod(join(packs, pack), 0o600);
    const offset = await offsetOf(join(packs, pack.replace('.pack', '.idx')), 'shared');
    bytes.writeUInt8(bytes.readUInt8(offset + 4) ^ 0x20, offset + 4);
    await writeFile(join(packs, pack), bytes);
    expect(await into.verify(resident.manifest.info.id, 'full')).toMatchObject([{ item: 'file-0' }]);
    await run();
    expect(await into.verify(id, 'full')).toEqual([]);
    expect(existsSync(join(packs, pack))).toBe(true);
  });
});

/** Where in its pack the object with this content begins. */
async function offsetOf(indexFile: string, content: string): Promise<number> {
  const oid = createHash('sha256')
    .update(`blob ${String(content.length)}\0${content}`)
    .digest('hex');
  const text = execFileSync('git', ['show-index', '--object-format=sha256'], { input: await readFile(indexFile) });
  const line = text
    .toString()
    .split('\n')
    .find((row) => row.includes(oid));
  return Number(line?.split(' ')[0]);
}
