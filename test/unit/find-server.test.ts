import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { cachedServer, findServer } from '../../src/embedded/find-server.ts';
import type { FindServerOptions, ObtainServer } from '../../src/embedded/find-server.ts';
import { isAtLeast, parseServerVersion, readServerVersion } from '../../src/embedded/server-version.ts';

let root: string;
let cacheDir: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'rerail-find-'));
  cacheDir = join(root, 'cache');
});

afterEach(() => rm(root, { recursive: true, force: true }));

/** A stand-in says what it is by its content. */
const readVersion = async (path: string): Promise<string> => {
  const text = await readFile(path, 'utf8');
  if (!text.startsWith('good')) throw new Error(`it is ${text}`);
  return text;
};

async function put(path: string, text = 'good'): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  return path;
}

const gives = (text: string): ObtainServer => vi.fn<ObtainServer>(async (file) => void (await put(file, text)));
const fails = (reason: string): ObtainServer => vi.fn<ObtainServer>(() => Promise.reject(new Error(reason)));

const find = (options: FindServerOptions = {}) =>
  findServer({
    cacheDir,
    env: { PATH: join(root, 'bin') },
    readVersion,
    download: fails('offline'),
    build: fails('no Go'),
    ...options,
  });

describe('findServer', () => {
  test('takes the one that the user names before all others', async () => {
    const mine = await put(join(root, 'mine'));
    await put(join(root, 'bin/temporal'));
    const env = { PATH: join(root, 'bin'), RERAIL_TEMPORAL_BIN: mine };
    expect(await find({ env })).toEqual({ path: mine, version: 'good', origin: 'RERAIL_TEMPORAL_BIN' });
  });

  test('does not pass over a wrong RERAIL_TEMPORAL_BIN', async () => {
    await put(join(root, 'bin/temporal'));
    const env = { PATH: join(root, 'bin'), RERAIL_TEMPORAL_BIN: join(root, 'none') };
    await expect(find({ env })).rejects.toMatchObject({
      code: 'server-not-found',
      message: expect.stringContaining('RERAIL_TEMPORAL_BIN'),
    });
  });

  test('takes PATH, then the cache, then the download, then the build', async () => {
    const [download, build] = [gives('good download'), gives('good build')];
    await put(join(root, 'bin/temporal'), 'good path');
    await put(cachedServer(cacheDir), 'good cache');
    expect(await find({ download, build })).toMatchObject({ origin: 'PATH' });
    await writeFile(join(root, 'bin/temporal'), 'too old');
    expect(await find({ download, build })).toMatchObject({ origin: 'cache' });
    expect(download).not.toHaveBeenCalled();

    await writeFile(cachedServer(cacheDir), 'half a file');
    expect(await find({ download, build })).toMatchObject({ origin: 'download', path: cachedServer(cacheDir) });
    expect(build).not.toHaveBeenCalled();
    expect(await find()).toMatchObject({ origin: 'cache', version: 'good download' });

    await rm(cachedServer(cacheDir));
    expect(await find({ download: gives('bad'), build })).toMatchObject({ origin: 'go build' });
  });

  test('never leaves a half-made server in the cache', async () => {
    const build: ObtainServer = async (file) => {
      await put(file, 'half');
      throw new Error('killed');
    };
    await expect(find({ build })).rejects.toMatchObject({ code: 'server-not-found' });
    expect(await readdir(dirname(cachedServer(cacheDir)))).not.toContain('temporal');

    await find({ build: gives('good build') });
    expect(await readdir(dirname(cachedServer(cacheDir)))).toEqual(['temporal']);
  });

  test('makes one only once when two look at the same time', async () => {
    const onProgress = vi.fn<(line: string) => void>();
    const build = vi.fn<ObtainServer>(async (file) => {
      await vi.waitFor(
        () => expect(onProgress).toHaveBeenCalledWith(expect.stringMatching(/^Waiting for process/)),
        4000,
      );
      await put(file);
    });
    const found = await Promise.all([find({ build, onProgress }), find({ build, onProgress })]);
    expect(build).toHaveBeenCalledTimes(1);
    expect(found.map(({ path }) => path)).toEqual([cachedServer(cacheDir), cachedServer(cacheDir)]);
  });

  test('lists every way and why it failed', async () => {
    await put(join(root, 'bin/temporal'), 'too old');
    const failure = find();
    await expect(failure).rejects.toMatchObject({ remedy: expect.stringContaining('TEMPORAL_ADDRESS') });
    await expect(failure).rejects.toThrow(
      /RERAIL_TEMPORAL_BIN: not set[^]*PATH: it is too old[^]*cache: [^]*download: offline[^]*go build: no Go/,
    );
  });
});

describe('server version', () => {
  test.each([
    ['1.5.0', '1.5.0', true],
    ['1.5.1', '1.5.0', true],
    ['1.10.0', '1.5.0', true],
    ['2.0.0', '1.5.0', true],
    ['1.4.9', '1.5.0', false],
    ['1.5.1-rc1', '1.5.0', true],
  ])('%s is at least %s: %s', (version, minimum, expected) => {
    expect(isAtLeast(version, minimum)).toBe(expected);
  });

  test('reads releases and development builds, and refuses old ones and strangers', () => {
    expect(parseServerVersion('temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)')).toBe('1.5.1 (server 1.29.1)');
    expect(parseServerVersion('temporal version 0.0.0-DEV (Server 1.29.1, UI 2.42.1)')).toContain('1.29.1');
    expect(() => parseServerVersion('temporal version 1.1.0 (Server 1.25.0, UI 2.1)')).toThrow(/1\.5\.0 or newer/);
    expect(() => parseServerVersion('temporal version 0.0.0-DEV (Server 1.25.0, UI 2.1)')).toThrow(/newer is needed/);
    expect(() => parseServerVersion('tctl 1.18')).toThrow(/no temporal CLI/);
  });

  test('asks the file itself', async () => {
    const script = await put(
      join(root, 'temporal'),
      '#!/bin/sh\necho "temporal version 1.6.2 (Server 1.30.2, UI 2)"\n',
    );
    await expect(readServerVersion(script)).rejects.toThrow(/does not run/);
    await chmod(script, 0o755);
    expect(await readServerVersion(script)).toBe('1.6.2 (server 1.30.2)');
  });
});
