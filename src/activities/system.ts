import { lstat, realpath, rm, statfs } from 'node:fs/promises';
import { connect } from 'node:net';
import { availableParallelism, freemem, loadavg, totalmem } from 'node:os';
import path from 'node:path';
import { glob } from 'tinyglobby';
import { codeOf } from '../domain/errors.ts';
import { resolveInside } from '../process/inside.ts';

/** Made again by the tools that keep them (requirement 8.3). Relative to the workspace. */
export const CACHE_PATTERNS = [
  'node_modules/.cache',
  '.cache',
  '.nyc_output',
  'coverage',
  '.eslintcache',
  '.pytest_cache',
  '**/__pycache__',
  '**/*.tsbuildinfo',
  '**/*.tmp',
] as const;

export interface Resources {
  diskFreeBytes: number;
  diskTotalBytes: number;
  diskUsedPercent: number;
  memoryFreeBytes: number;
  memoryTotalBytes: number;
  loadPerCore: number;
}

export async function inspectResources(input: { workspace: string }): Promise<Resources> {
  const { bavail, blocks, bsize } = await statfs(input.workspace);
  return {
    diskFreeBytes: bavail * bsize,
    diskTotalBytes: blocks * bsize,
    diskUsedPercent: Math.round((1 - bavail / blocks) * 1000) / 10,
    memoryFreeBytes: freemem(),
    memoryTotalBytes: totalmem(),
    loadPerCore: Math.round(((loadavg()[0] ?? 0) / availableParallelism()) * 100) / 100,
  };
}

export interface CleanedCaches {
  removed: string[];
  freedBytes: number;
  dryRun: boolean;
}

async function sizeOf(file: string): Promise<number> {
  const found = await lstat(file);
  if (!found.isDirectory()) return found.size;
  const inside = await glob('**/*', { cwd: file, dot: true, absolute: true, followSymbolicLinks: false });
  const sizes = await Promise.all(inside.map(async (name) => (await lstat(name)).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** A pattern may lead out of the workspace by `..`, or through a link in its middle. */
async function keepInside(root: string, names: readonly string[]): Promise<string[]> {
  const checked = await Promise.all(
    names.map(async (name) => {
      const folder = path.dirname(path.resolve(root, name));
      const isReal = (await realpath(folder).catch(() => undefined)) === folder;
      return isReal && (folder === root || folder.startsWith(root + path.sep)) ? [name] : [];
    }),
  );
  return checked.flat();
}

/** Removes caches that match the patterns, inside the workspace and never through a link. */
export async function cleanCaches(input: {
  workspace: string;
  patterns?: readonly string[];
  dryRun?: boolean;
}): Promise<CleanedCaches> {
  const root = await resolveInside(input.workspace, '.', 'workspace');
  const found = await glob([...(input.patterns ?? CACHE_PATTERNS)], {
    cwd: root,
    dot: true,
    onlyFiles: false,
    expandDirectories: false,
    followSymbolicLinks: false,
    ignore: ['.git/**', 'node_modules/!(.cache)/**'],
  });
  const names = (
    await keepInside(
      root,
      found.map((name) => name.replace(/\/$/, '')),
    )
  ).sort();
  const tops = names.filter((name) => !names.some((other) => name !== other && name.startsWith(`${other}/`)));
  let freedBytes = 0;
  for (const name of tops) {
    const file = path.join(root, name);
    freedBytes += await sizeOf(file);
    if (!input.dryRun) await rm(file, { recursive: true, force: true });
  }
  return { removed: tops, freedBytes, dryRun: input.dryRun ?? false };
}

/** What looks like `host:port` and is none: a date with its time, and a time of day. */
const TIMES =
  /\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?|(?<![\w:.])\d{1,2}:\d\d(?::\d\d(?:[.,]\d+)?)?(?![\w:])/g;

/** Node writes an IPv6 address without brackets: `ECONNREFUSED ::1:5432`. `a.ts:10:5` is a place in a file. */
const ADDRESS =
  /(?:https?:\/\/)?(\[[0-9a-f:]+\]|(?<![\w:])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?<!:)|[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?):(\d{2,5})\b(?!:\d)/i;

/** Tries the address that is given, or named in a message; no address is no error, for there is nothing to look at. */
export function checkConnectivity(input: { host?: string; port?: number; message?: string }): Promise<{
  address: string | null;
  reachable: boolean | null;
  code: string | null;
}> {
  const named = ADDRESS.exec((input.message ?? '').replace(TIMES, ' '));
  const host = input.host ?? named?.[1]?.replace(/^\[|\]$/g, '');
  const port = input.port ?? Number(named?.[2]);
  if (host === undefined || !Number.isInteger(port) || port < 1 || port > 65_535) {
    return Promise.resolve({ address: null, reachable: null, code: null });
  }
  const address = `${host}:${port}`;
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const done = (code: string | null): void => {
      socket.destroy();
      resolve({ address, reachable: code === null, code });
    };
    socket.setTimeout(3000, () => done('ETIMEDOUT'));
    socket.once('connect', () => done(null));
    socket.once('error', (error) => done(codeOf(error) ?? 'unknown'));
  });
}
