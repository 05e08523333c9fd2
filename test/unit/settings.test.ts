import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { leadsToEmbedded, resolveConnection } from '../../src/config/connection.ts';
import { loadSettings } from '../../src/config/load-settings.ts';
import { openConnection } from '../../src/config/open-connection.ts';
import { cleanHost } from '../../src/config/settings.ts';
import { processStart } from '../../src/embedded/process-start.ts';
import { writeServerState } from '../../src/embedded/server-state.ts';

let root: string;
let cwd: string;
let home: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'rerail-settings-'));
  cwd = join(root, 'work');
  home = join(root, 'home');
  await mkdir(cwd);
  await mkdir(join(home, '.config', 'rerail'), { recursive: true });
});

afterEach(() => rm(root, { recursive: true, force: true }));

const load = (env: Record<string, string> = {}, flags: Record<string, unknown> = {}) =>
  loadSettings({ env, flags, cwd, home });

describe('loadSettings', () => {
  test('has a default for all that needs one', async () => {
    const { settings, sources } = await load();
    expect(settings).toMatchObject({
      dataDir: join(home, '.local/share/rerail'),
      cacheDir: join(home, '.cache/rerail'),
      taskQueue: 'rerail',
      playbooksDir: [],
      uiPort: 8233,
      serverPort: 7233,
    });
    expect(settings.address).toBeUndefined();
    expect(settings.host).toMatch(/^[A-Za-z0-9._-]+$/);
    expect(sources.dataDir).toEqual({ kind: 'default', name: 'default' });
    expect(sources.address).toBeUndefined();
  });

  test('follows XDG directories', async () => {
    const { settings } = await load({ XDG_DATA_HOME: '/d', XDG_CACHE_HOME: '/c' });
    expect(settings).toMatchObject({ dataDir: '/d/rerail', cacheDir: '/c/rerail' });
  });

  test('takes a flag over the environment over a file over the default', async () => {
    const file = join(cwd, 'rerail.toml');
    await writeFile(file, 'log_level = "warn"\nuiPort = 1\nserver-port = 2\ntaskQueue = "q"\n');
    const { settings, sources } = await load({ RERAIL_LOG_LEVEL: 'error', RERAIL_UI_PORT: '3' }, { logLevel: 'debug' });

    expect(settings).toMatchObject({ logLevel: 'debug', uiPort: 3, serverPort: 2, taskQueue: 'q' });
    expect(sources).toMatchObject({
      logLevel: { kind: 'flag', name: '--log-level' },
      uiPort: { kind: 'env', name: 'RERAIL_UI_PORT' },
      serverPort: { kind: 'file', name: file },
      host: { kind: 'default' },
    });
  });

  test('reads the file of the user where the working directory has none', async () => {
    await writeFile(join(home, '.config/rerail/rerail.toml'), 'namespace = "mine"\n');
    expect((await load()).settings.namespace).toBe('mine');
  });

  test('resolves paths against the place they were written in', async () => {
    await writeFile(join(home, '.config/rerail/rerail.toml'), 'playbooksDir = ["books", "~/more"]\n');
    const { settings } = await load({ RERAIL_DATA_DIR: 'data' });
    expect(settings.dataDir).toBe(join(cwd, 'data'));
    expect(settings.playbooksDir).toEqual([join(home, '.config/rerail/books'), join(home, 'more')]);
  });

  test('splits a list from the environment', async () => {
    expect((await load({ RERAIL_PLAYBOOKS_DIR: '/a:/b' })).settings.playbooksDir).toEqual(['/a', '/b']);
  });

  test.each([
    [{ RERAIL_UI_PORT: '99999' }, {}, /uiPort is "99999" \(RERAIL_UI_PORT\)/],
    [{ RERAIL_ADDRESS: 'http://x' }, {}, /address is "http:\/\/x" \(RERAIL_ADDRESS\): must be host:port/],
    [{}, { logLevel: 'loud' }, /logLevel is "loud" \(--log-level\)/],
    [{ RERAIL_HOST: 'a b' }, {}, /host is "a b" \(RERAIL_HOST\)/],
  ])('names the field and the source of %j %j', async (env, flags, message) => {
    const failure = load(env, flags);
    await expect(failure).rejects.toThrow(message);
    await expect(failure).rejects.toMatchObject({
      code: 'settings-invalid',
      remedy: expect.stringContaining('Correct'),
    });
  });

  test.each([
    ['colour = "red"', /sets "colour", which is not a setting/],
    ['a = = b', /is not valid TOML/],
  ])('refuses a file with %s', async (text, message) => {
    await writeFile(join(cwd, 'rerail.toml'), text);
    await expect(load()).rejects.toThrow(message);
  });

  test('makes a host name fit for task queues', () => {
    expect(cleanHost('Ann’s Mac.local')).toBe('Ann-s-Mac.local');
    expect(cleanHost('-')).toBe('localhost');
  });
});

describe('resolveConnection', () => {
  const base = () => ({ dataDir: join(root, 'data') });
  const noFile = { TEMPORAL_CONFIG_FILE: '/dev/null' };

  test('prefers the address that was given', async () => {
    const env = { ...noFile, TEMPORAL_ADDRESS: 'env:1', TEMPORAL_NAMESPACE: 'team' };
    expect(await resolveConnection({ ...base(), address: 'flag:2' }, env)).toEqual({
      connectionOptions: { address: 'flag:2' },
      namespace: 'team',
      origin: 'address',
    });
  });

  test('reads TEMPORAL_* with credentials', async () => {
    const env = { ...noFile, TEMPORAL_ADDRESS: 'cloud:7233', TEMPORAL_API_KEY: 'key' };
    expect(await resolveConnection(base(), env)).toMatchObject({
      connectionOptions: { address: 'cloud:7233', apiKey: 'key', tls: true },
      namespace: 'default',
      origin: 'profile',
    });
  });

  test('reads a profile of the temporal CLI, and names one that is missing', async () => {
    const file = join(root, 'temporal.toml');
    await writeFile(file, '[profile.prod]\naddress = "prod:7233"\nnamespace = "p"\n');
    const env = { TEMPORAL_CONFIG_FILE: file };
    expect(await resolveConnection({ ...base(), profile: 'prod' }, env)).toMatchObject({
      connectionOptions: { address: 'prod:7233' },
      namespace: 'p',
      origin: 'profile',
    });
    await expect(resolveConnection({ ...base(), profile: 'nope' }, env)).rejects.toMatchObject({
      code: 'settings-invalid',
      message: expect.stringContaining('"nope"'),
    });
  });

  test('finds the embedded server of the data directory while its process lives', async () => {
    const { dataDir } = base();
    await mkdir(dataDir);
    const startTime = processStart(process.pid) ?? '';
    const state = { pid: process.pid, startTime, address: '127.0.0.1:999', binary: 'x', version: '1' };
    await writeServerState(dataDir, state);
    expect(await resolveConnection(base(), noFile)).toMatchObject({ origin: 'embedded' });
    expect(await leadsToEmbedded(base(), noFile)).toBe(true);
    expect(await leadsToEmbedded({ ...base(), address: '127.0.0.1:999' }, noFile)).toBe(true);
    expect(await leadsToEmbedded({ ...base(), address: '127.0.0.1:998' }, noFile)).toBe(false);
    expect(await leadsToEmbedded(base(), { ...noFile, TEMPORAL_ADDRESS: 'cloud:7233' })).toBe(false);
    await writeServerState(dataDir, { ...state, startTime: 'long ago' });
    expect(await leadsToEmbedded({ ...base(), address: '127.0.0.1:999' }, noFile)).toBe(false);
    expect(await resolveConnection(base(), noFile)).toEqual({
      connectionOptions: { address: '127.0.0.1:7233' },
      namespace: 'default',
      origin: 'default',
    });
  });

  test('says within its time that nobody answers, and what to do', async () => {
    const resolved = {
      connectionOptions: { address: '127.0.0.1:1' },
      namespace: 'default',
      origin: 'default',
    } as const;
    await expect(openConnection(resolved, 300)).rejects.toMatchObject({
      code: 'server-unreachable',
      remedy: expect.stringContaining('rerail up'),
    });
  });
});
