import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { messageOf, RerailError } from '../domain/errors.ts';
import { buildServer, findOnPath } from './build-server.ts';
import type { Env } from './build-server.ts';
import { downloadServer } from './download-server.ts';
import { withLockFile } from './lock-file.ts';
import { MINIMUM_CLI, readServerVersion } from './server-version.ts';
import type { ReadVersion } from './server-version.ts';

export type ServerOrigin = 'RERAIL_TEMPORAL_BIN' | 'PATH' | 'cache' | 'download' | 'go build';

export interface FoundServer {
  path: string;
  version: string;
  origin: ServerOrigin;
}

/** Puts a server into the given file, or throws the reason why it cannot. */
export type ObtainServer = (file: string, env: Env, onProgress: (line: string) => void) => Promise<void>;

export interface FindServerOptions {
  /** Default: `rerail` in the user's cache directory. */
  cacheDir?: string;
  env?: Env;
  /** One line each time there is something to say; every 15 s during a build. */
  onProgress?: (line: string) => void;
  /** For tests. */
  readVersion?: ReadVersion;
  download?: ObtainServer;
  build?: ObtainServer;
}

const LOCK_TIMEOUT_MS = 40 * 60_000;

export function defaultCacheDir(env: Env): string {
  return join(env['XDG_CACHE_HOME'] ?? join(env['HOME'] ?? homedir(), '.cache'), 'rerail');
}

/** 2: built with an SQLite that does not get stuck. */
const serverDirectory = (cacheDir: string): string => join(cacheDir, 'temporal-server-2');

export const cachedServer = (cacheDir: string): string => join(serverDirectory(cacheDir), 'temporal');

interface Search {
  env: Env;
  cacheFile: string;
  readVersion: ReadVersion;
  onProgress: (line: string) => void;
  /** Why each way failed, in the order they were tried. */
  reasons: string[];
}

async function tryWay(
  search: Search,
  origin: ServerOrigin,
  way: () => Promise<string>,
): Promise<FoundServer | undefined> {
  try {
    const path = await way();
    return { path, version: await search.readVersion(path), origin };
  } catch (error) {
    search.reasons.push(`${origin}: ${messageOf(error)}`);
    return undefined;
  }
}

function namedByUser(path: string, search: Search): Promise<FoundServer> {
  const absolute = resolve(path);
  return search.readVersion(absolute).then(
    (version) => ({ path: absolute, version, origin: 'RERAIL_TEMPORAL_BIN' as const }),
    (error: unknown) => {
      throw new RerailError('server-not-found', `RERAIL_TEMPORAL_BIN is ${path}, but ${messageOf(error)}`, {
        remedy: `Let it name a temporal CLI of version ${MINIMUM_CLI} or newer, or unset it.`,
        cause: error,
      });
    },
  );
}

/** Left by a set-up that was killed; the lock is ours, so nobody is still at work on them. */
async function removeLeftovers(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    if (/\.new$|\.(build|download)-/.test(name)) await rm(join(directory, name), { recursive: true, force: true });
  }
}

async function obtain(search: Search, origin: ServerOrigin, into: ObtainServer): Promise<FoundServer | undefined> {
  const file = `${search.cacheFile}.new`;
  const found = await tryWay(search, origin, async () => {
    await into(file, search.env, search.onProgress);
    return file;
  });
  // Renamed only after it has run once: a half-made server is never found in the cache.
  if (found) await rename(file, search.cacheFile);
  return found && { ...found, path: search.cacheFile };
}

function nothingFound(reasons: readonly string[]): RerailError {
  const list = reasons.map((reason) => `\n  - ${reason}`).join('');
  return new RerailError('server-not-found', `no Temporal server could be found or made:${list}`, {
    remedy: `Install the temporal CLI ${MINIMUM_CLI} or newer (or Go), set RERAIL_TEMPORAL_BIN to one, or set TEMPORAL_ADDRESS to a server that runs.`,
    details: { reasons },
  });
}

/** Looks for a `temporal` CLI with a server in it, in the order of the design; gets one when there is none. */
export async function findServer(options: FindServerOptions = {}): Promise<FoundServer> {
  const { env = process.env, readVersion = readServerVersion, onProgress = () => undefined } = options;
  const cacheDir = options.cacheDir ?? defaultCacheDir(env);
  const search: Search = { env, cacheFile: cachedServer(cacheDir), readVersion, onProgress, reasons: [] };
  const named = env['RERAIL_TEMPORAL_BIN'];
  if (named !== undefined && named !== '') return namedByUser(named, search);
  search.reasons.push('RERAIL_TEMPORAL_BIN: not set');

  const onPath = await tryWay(search, 'PATH', () => {
    const path = findOnPath('temporal', env);
    return path === undefined ? Promise.reject(new Error('no `temporal` on PATH')) : Promise.resolve(path);
  });
  if (onPath) return onPath;
  const inCache = await tryWay(search, 'cache', () => Promise.resolve(search.cacheFile));
  if (inCache) return inCache;

  const directory = serverDirectory(cacheDir);
  await mkdir(directory, { recursive: true });
  const lock = { purpose: 'getting a Temporal server', timeoutMs: LOCK_TIMEOUT_MS, onNotice: onProgress };
  return withLockFile(`${directory}.lock`, lock, async () => {
    const byOther = await tryWay({ ...search, reasons: [] }, 'cache', () => Promise.resolve(search.cacheFile));
    if (byOther) return byOther;
    await removeLeftovers(directory);
    const download: ObtainServer = options.download ?? ((file, _env, report) => downloadServer(file, report));
    const made =
      (await obtain(search, 'download', download)) ?? (await obtain(search, 'go build', options.build ?? buildServer));
    if (!made) throw nothingFound(search.reasons);
    return made;
  });
}
