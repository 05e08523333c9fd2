import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { checkConnectivity, cleanCaches, inspectResources } from '../../../src/activities/system.ts';
import { cleanUpAfterEach, closedPort, tcpServer, temporaryFolder } from './temporary.ts';

cleanUpAfterEach();

let workspace: string;
beforeEach(() => {
  workspace = temporaryFolder();
});

function write(root: string, name: string, text = 'x'.repeat(10)): void {
  mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
  writeFileSync(path.join(root, name), text);
}
const here = (name: string): boolean => existsSync(path.join(workspace, name));

describe('cleanCaches', () => {
  const CACHES = [
    'node_modules/.cache',
    '.cache',
    '.nyc_output',
    'coverage',
    '.eslintcache',
    '.pytest_cache',
    'py/__pycache__',
    'a.tsbuildinfo',
    'deep/er/b.tmp',
  ];
  const KEPT = [
    'node_modules/pkg/index.js',
    'node_modules/pkg/x.tmp',
    'src/cache.ts',
    'src/coverage/index.ts',
    '.git/objects/x.tmp',
    'tmp/a.txt',
  ];
  const fill = (): void => {
    for (const name of CACHES)
      write(
        workspace,
        path.basename(name).includes('.e') || /\.(tsbuildinfo|tmp)$/.test(name) ? name : `${name}/a/file`,
      );
    for (const name of KEPT) write(workspace, name);
  };

  test('removes what tools make again, and nothing else', async () => {
    fill();
    const result = await cleanCaches({ workspace });
    expect(result.removed).toEqual([...CACHES].sort());
    expect(result).toMatchObject({ freedBytes: CACHES.length * 10, dryRun: false });
    expect(CACHES.filter(here)).toEqual([]);
    expect(KEPT.filter((name) => !here(name))).toEqual([]);
  });

  test('a dry run tells the same and removes nothing', async () => {
    fill();
    const told = await cleanCaches({ workspace, dryRun: true });
    expect(CACHES.filter((name) => !here(name))).toEqual([]);
    expect(told).toEqual({ ...(await cleanCaches({ workspace })), dryRun: true });
  });

  test('has nothing to do a second time', async () => {
    fill();
    await cleanCaches({ workspace });
    expect(await cleanCaches({ workspace })).toEqual({ removed: [], freedBytes: 0, dryRun: false });
  });

  test('counts what lies in a match of a match once', async () => {
    write(workspace, '.cache/x.tmp');
    expect(await cleanCaches({ workspace })).toMatchObject({ removed: ['.cache'], freedBytes: 10 });
  });

  describe('never through a link', () => {
    let outside: string;
    beforeEach(() => {
      outside = temporaryFolder();
      for (const name of ['.cache/keep', 'x.tmp', 'deep/y.tmp']) write(outside, name);
    });
    const untouched = (): void => {
      expect((readdirSync(outside, { recursive: true }) as string[]).sort()).toEqual([
        '.cache',
        '.cache/keep',
        'deep',
        'deep/y.tmp',
        'x.tmp',
      ]);
    };

    test.each([
      undefined,
      ['node_modules/.cache'],
      ['node_modules/**'],
      ['node_modules/x.tmp'],
      ['*/.cache', '*/*/y.tmp'],
    ])('in the middle of the pattern %j', async (patterns) => {
      symlinkSync(outside, path.join(workspace, 'node_modules'));
      const { removed } = await cleanCaches({ workspace, ...(patterns ? { patterns } : {}) });
      expect(removed.filter((name) => name !== 'node_modules')).toEqual([]);
      untouched();
    });

    test('a link in the place of a cache is left alone', async () => {
      symlinkSync(outside, path.join(workspace, 'coverage'));
      expect((await cleanCaches({ workspace })).removed).toEqual([]);
      expect(here('coverage')).toBe(true);
      untouched();
    });

    test('a workspace that is a link is the directory it leads to', async () => {
      write(workspace, '.cache/a');
      const link = path.join(outside, 'link');
      symlinkSync(workspace, link);
      expect((await cleanCaches({ workspace: link })).removed).toEqual(['.cache']);
    });
  });

  test.each([['../'], ['../*'], ['a/../../'], ['absolute']])('never outside of the workspace: %s', async (pattern) => {
    const inner = path.join(workspace, 'inner');
    write(workspace, 'sibling/x.tmp');
    write(inner, 'a/kept');
    const patterns = [
      pattern === 'absolute' ? path.join(workspace, 'sibling/x.tmp') : `${pattern.replace(/\*$/, '')}sibling/**`,
      pattern,
    ];
    expect(await cleanCaches({ workspace: inner, patterns })).toEqual({ removed: [], freedBytes: 0, dryRun: false });
    expect(here('sibling/x.tmp')).toBe(true);
    expect(here('inner/a/kept')).toBe(true);
  });

  test('a name that only begins with two dots is inside', async () => {
    write(workspace, '..cache/a');
    expect((await cleanCaches({ workspace, patterns: ['..cache'] })).removed).toEqual(['..cache']);
    expect(here('..cache')).toBe(false);
  });

  test('a workspace that is not there is an error', async () => {
    await expect(cleanCaches({ workspace: path.join(workspace, 'none') })).rejects.toMatchObject({
      code: 'invalid-input',
    });
  });
});

describe('checkConnectivity', () => {
  test('reaches the address that a message names', async () => {
    const port = await tcpServer(() => undefined);
    for (const message of [
      `connect ECONNREFUSED 127.0.0.1:${port}`,
      `GET http://127.0.0.1:${port}/x failed`,
      `dial tcp localhost:${port}: refused`,
    ]) {
      expect(await checkConnectivity({ message }), message).toMatchObject({ reachable: true, code: null });
    }
    expect(await checkConnectivity({ host: '127.0.0.1', port, message: 'or 10.0.0.1:1' })).toEqual({
      address: `127.0.0.1:${port}`,
      reachable: true,
      code: null,
    });
  });

  test('tells why it cannot', async () => {
    const port = await closedPort();
    expect(await checkConnectivity({ message: `127.0.0.1:${port}` })).toEqual({
      address: `127.0.0.1:${port}`,
      reachable: false,
      code: 'ECONNREFUSED',
    });
  });

  test.each([
    '2026-01-02T12:30:45.123Z it broke',
    '2026-01-02T12:30 it broke',
    '2026-01-02 12:30:45,5 it broke',
    'at 12:30 it broke',
    'it broke at 9:05:10',
    'TypeError at /w/a.ts:10:5',
  ])('takes no time and no place in a file for an address: %s', async (message) => {
    expect(await checkConnectivity({ message })).toEqual({ address: null, reachable: null, code: null });
    const port = await closedPort();
    expect(await checkConnectivity({ message: `${message}, 127.0.0.1:${port}` })).toMatchObject({
      address: `127.0.0.1:${port}`,
    });
  });

  test.each(['connect ECONNREFUSED ::1:PORT', 'http://[::1]:PORT/x', 'connect ECONNREFUSED 0:0:0:0:0:0:0:1:PORT'])(
    'understands IPv6: %s',
    async (message) => {
      const port = await closedPort();
      const { address, reachable } = await checkConnectivity({ message: message.replace('PORT', String(port)) });
      expect(address).toMatch(new RegExp(`^(::1|0:0:0:0:0:0:0:1):${port}$`));
      expect(reachable).toBe(false);
    },
  );

  test.each([
    [{}],
    [{ message: '3 tests failed' }],
    [{ message: 'port 127.0.0.1:99999' }],
    [{ host: '127.0.0.1' }],
    [{ host: '127.0.0.1', port: 0 }],
  ])('has nothing to look at in %j', async (input) => {
    expect(await checkConnectivity(input)).toEqual({ address: null, reachable: null, code: null });
  });
});

test('inspectResources tells disk, memory and load in sane numbers', async () => {
  const found = await inspectResources({ workspace });
  expect(found.diskTotalBytes).toBeGreaterThan(0);
  expect(found.diskFreeBytes).toBeGreaterThanOrEqual(0);
  expect(found.diskFreeBytes).toBeLessThanOrEqual(found.diskTotalBytes);
  expect(found.diskUsedPercent).toBeGreaterThanOrEqual(0);
  expect(found.diskUsedPercent).toBeLessThanOrEqual(100);
  expect(found.memoryFreeBytes).toBeGreaterThan(0);
  expect(found.memoryFreeBytes).toBeLessThanOrEqual(found.memoryTotalBytes);
  expect(found.loadPerCore).toBeGreaterThanOrEqual(0);
  await expect(inspectResources({ workspace: path.join(workspace, 'none') })).rejects.toMatchObject({ code: 'ENOENT' });
});
