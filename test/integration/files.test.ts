import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  chmodSync,
  linkSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { checkEntries } from '../../src/activities/files/check-entries.ts';
import { checkRoot } from '../../src/activities/files/check-root.ts';
import { entryKey } from '../../src/activities/files/entry-path.ts';
import { scanTree } from '../../src/activities/files/scan-tree.ts';
import { setMtimes, setWithTouch } from '../../src/activities/files/set-mtimes.ts';
import { DEFAULT_EXCLUDES } from '../../src/domain/checkpoint.ts';
import type { FileEntry } from '../../src/domain/checkpoint.ts';
import { newBenchForEach } from './checkpoint-bench.ts';
import { fillTree, isRoot, NOT_UTF8 } from './checkpoint-fixtures.ts';

const { bench, at } = newBenchForEach();
const scan = (exclude: readonly string[] = DEFAULT_EXCLUDES) => scanTree(bench.root, { exclude });
const byKey = (entries: readonly FileEntry[]) => new Map(entries.map((entry) => [entryKey(entry), entry]));

describe('scanTree', () => {
  it('sees every kind of entry as it is', async () => {
    fillTree(bench.root);
    const { entries, skipped } = await scan();
    const found = byKey(entries);
    expect(skipped).toEqual([]);
    expect(found.get('set-id')).toMatchObject({ type: 'file', mode: 0o4755 });
    expect(found.get('src/deep')).toMatchObject({ type: 'dir', mode: 0o2775 });
    expect(found.get('empty')).toMatchObject({ type: 'dir', mtimeNs: '1234567890123456789' });
    expect(found.get('dangling')).toMatchObject({
      type: 'symlink',
      target: 'nowhere/at/all',
      mtimeNs: '1111111111987654321',
    });
    expect(found.get('to-odd')).toMatchObject({ targetBytes: Buffer.from([0x78, 0xfe]).toString('base64') });
    expect(found.get('to-dir')).toMatchObject({ type: 'symlink', target: 'src' });
    expect(found.get(`\0${NOT_UTF8.toString('base64')}`)).toMatchObject({ type: 'file', size: 9 });
    expect(found.get('a b/new\nline and  spaces')).toMatchObject({ type: 'file', size: 8 });
    expect(found.get('sub/.git/config')).toMatchObject({ type: 'file' });
    for (const path of ['linked-1', 'linked-3', 'src/linked-2'])
      expect(found.get(path)).toMatchObject({ hardlinkGroup: 'linked-1' });
    expect(
      [...found.keys()].filter((key) => key.startsWith('.git/') || key.startsWith('node_modules') || key === '.git'),
    ).toEqual([]);
  });

  it('names what it cannot capture, and why', async () => {
    execFileSync('mkfifo', [at('pipe')]);
    mkdirSync(at('dir'));
    execFileSync('python3', [
      '-c',
      `import socket,sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])`,
      at('dir/sock'),
    ]);
    const { skipped, pinned, entries } = await scan();
    expect(skipped).toEqual([
      { path: 'dir/sock', reason: 'socket' },
      { path: 'pipe', reason: 'fifo' },
    ]);
    expect(pinned.has('dir')).toBe(true);
    expect(entries.map(({ path }) => path)).toEqual(['dir']);
  });

  it.skipIf(isRoot)('skips what it may not read', async () => {
    writeFileSync(at('secret'), 'x');
    chmodSync(at('secret'), 0);
    expect((await scan()).skipped).toEqual([{ path: 'secret', reason: 'unreadable' }]);
  });

  it('matches excludes against names with line ends and leading dots', async () => {
    mkdirSync(at('odd\nname/node_modules'), { recursive: true });
    writeFileSync(at('odd\nname/node_modules/x'), '');
    writeFileSync(at('.hidden.log'), '');
    expect((await scan(['**/node_modules/**', '*.log'])).entries.map(({ path }) => path)).toEqual(['odd\nname']);
  });

  it('does not read what is unchanged since an earlier scan, and reads what changed', async () => {
    for (const name of ['same', 'other-size', 'same-size']) {
      writeFileSync(at(name), 'first');
      utimesSync(at(name), 1000, 1000);
    }
    const entries = (await scan()).entries.map((entry) => {
      if (entry.type !== 'file') return entry;
      // As a scan some time later would record it: old enough to be trusted, and with a digest that gives reuse away.
      const ctimeNs = String(statSync(at(entry.path), { bigint: true }).ctimeNs);
      return { ...entry, sha256: 'f'.repeat(64), stat: { ...entry.stat, ctimeNs } };
    });
    writeFileSync(at('other-size'), 'longer than before');
    writeFileSync(at('same-size'), 'FIRST');
    utimesSync(at('same-size'), 1000, 1000);
    const again = await scanTree(bench.root, { exclude: [], previous: byKey(entries) });
    const reused = again.entries.filter((entry) => entry.type === 'file' && entry.sha256 === 'f'.repeat(64));
    expect(reused.map(({ path }) => path)).toEqual(['same']);
  });

  it('trusts no file that was changed shortly before its scan', async () => {
    writeFileSync(at('fresh'), 'x');
    const [entry] = (await scan()).entries;
    expect(entry).toMatchObject({ stat: { ctimeNs: '0' } });
  });

  it.each([
    ['grows', 'a', ''],
    ['is written in place', 'r+', ', 0'],
  ])('reports a file that %s without end as torn, and captures the others', async (_, mode, position) => {
    writeFileSync(at('restless'), Buffer.alloc(8_000_000));
    writeFileSync(at('still'), 'x');
    const writer = spawn(process.execPath, [
      '-e',
      `const fs=require('fs');const f=fs.openSync(process.argv[1],'${mode}');console.log('go');for(;;)fs.writeSync(f,'x'${position})`,
      at('restless'),
    ]);
    try {
      await once(writer.stdout, 'data');
      // A busy machine may leave the writer no turn while a scan reads: that one saw a file at rest.
      await vi.waitFor(async () => {
        const { skipped, entries } = await scan();
        expect(skipped).toEqual([{ path: 'restless', reason: 'torn' }]);
        expect(entries.map(({ path }) => path)).toEqual(['still']);
      }, 20_000);
    } finally {
      writer.kill('SIGKILL');
      await once(writer, 'exit');
    }
  });

  it('refuses more than it may hold', async () => {
    for (const name of ['a', 'b', 'c']) writeFileSync(at(name), 'xxxx');
    const refused = { code: 'workspace-refused', remedy: expect.any(String) };
    await expect(scanTree(bench.root, { exclude: [], limits: { maxFiles: 2, maxBytes: 100 } })).rejects.toMatchObject(
      refused,
    );
    await expect(scanTree(bench.root, { exclude: [], limits: { maxFiles: 10, maxBytes: 11 } })).rejects.toMatchObject(
      refused,
    );
    expect((await scanTree(bench.root, { exclude: [], limits: { maxFiles: 3, maxBytes: 12 } })).totalBytes).toBe(12);
  });

  it('groups hard links only with names inside the tree', async () => {
    writeFileSync(join(bench.directory, 'outside'), 'x');
    linkSync(join(bench.directory, 'outside'), at('inside'));
    expect((await scan()).entries[0]).not.toHaveProperty('hardlinkGroup');
  });
});

describe('checkRoot', () => {
  const rules = () => ({ storePath: bench.storePath, dataDir: bench.dataDir });
  const refused = { code: 'workspace-refused', nonRetryable: true, remedy: expect.any(String) };

  it('takes a directory', async () => {
    expect(await checkRoot(bench.root, rules())).toBe(bench.root);
  });

  it('refuses what must not be captured or restored', async () => {
    mkdirSync(join(bench.storePath, 'inside'), { recursive: true });
    mkdirSync(bench.dataDir);
    writeFileSync(join(bench.directory, 'file'), '');
    symlinkSync(bench.root, join(bench.directory, 'link'));
    const roots = [
      '/',
      homedir(),
      join(homedir(), '..'),
      'relative/path',
      `${bench.directory}/missing`,
      `${bench.directory}/file`,
    ];
    roots.push(
      `${bench.directory}/link`,
      bench.storePath,
      join(bench.storePath, 'inside'),
      bench.directory,
      bench.dataDir,
    );
    for (const root of roots) await expect(checkRoot(root, rules()), root).rejects.toMatchObject(refused);
  });

  it('finds the home directory behind another name', async () => {
    const home = join(bench.directory, 'home');
    mkdirSync(home);
    symlinkSync(home, join(bench.directory, 'alias'));
    vi.stubEnv('HOME', join(bench.directory, 'alias'));
    try {
      await expect(checkRoot(home, rules())).rejects.toMatchObject(refused);
    } finally {
      vi.unstubAllEnvs();
    }
  });
});

describe('checkEntries', () => {
  const entry = (path: string, type: 'dir' | 'symlink' = 'dir'): FileEntry => {
    const common = { path, mode: 0o755, uid: 0, gid: 0, mtimeNs: '0' };
    return type === 'dir' ? { ...common, type } : { ...common, type, target: '/etc' };
  };

  it.each([
    ['a parent of the root', [entry('../x')]],
    ['a way out from below', [entry('a'), entry('a/../../x')]],
    ['an absolute path', [entry('/etc')]],
    ['the root itself', [entry('.')]],
    ['an empty name', [entry('a'), entry('a//b')]],
    ['a NUL', [entry('a\0b')]],
    ['a path through a link', [entry('link', 'symlink'), entry('link/passwd')]],
    ['a path below nothing', [entry('missing/x')]],
    ['one path twice', [entry('a'), entry('a')]],
    ['an excluded path', [entry('.git')]],
    ['bytes that lead out', [{ ...entry('harmless'), pathBytes: Buffer.from('../x').toString('base64') }]],
  ])('refuses %s', (_, entries) => {
    expect(() => {
      checkEntries(entries, DEFAULT_EXCLUDES);
    }).toThrow(expect.objectContaining({ code: 'path-outside-workspace' }));
  });

  it('takes what a scan found', async () => {
    fillTree(bench.root);
    const { entries } = await scan();
    expect(() => {
      checkEntries(entries, DEFAULT_EXCLUDES);
    }).not.toThrow();
  });
});

describe.each([
  ['setMtimes', setMtimes],
  ['setWithTouch', setWithTouch],
])('%s', (_, set) => {
  it('sets each time to the nanosecond, whatever the name and however many', async () => {
    const odd = Buffer.concat([Buffer.from(`${bench.root}/`), NOT_UTF8]);
    const paths: (string | Buffer)[] = [odd, at('-dash'), at('with space'), at('with\nline')];
    for (let index = 0; index < 20; index += 1) paths.push(at(`same-${String(index)}`));
    for (const path of paths) writeFileSync(path, '');
    const items = paths.map((path, index) => ({
      path,
      mtimeNs: index < 6 ? `16000000000000000${String(index).padStart(2, '0')}` : '-1500000001',
    }));
    await set(items);
    for (const { path, mtimeNs } of items) expect(String(statSync(path, { bigint: true }).mtimeNs)).toBe(mtimeNs);
  });
});

it('leaves the tree that it reads alone', async () => {
  fillTree(bench.root);
  rmSync(at('closed'), { recursive: true });
  const list = (): string => execFileSync('find', [bench.root, '-printf', '%p %C@ %T@ %i\n']).toString('latin1');
  const before = list();
  await scan([]);
  expect(list()).toBe(before);
  appendFileSync(at('src/one.txt'), 'x');
  expect(list()).not.toBe(before);
  expect(readFileSync(at('src/one.txt'), 'utf8')).toBe('one\nx');
});
