import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { freeBytes } from './data-dir.ts';

/** The newest that `go install` takes: from 1.6 on its go.mod has a `replace` line, which go install refuses. */
export const BUILD_VERSION = '1.5.1';

const MODULE = 'github.com/temporalio/cli';
const PACKAGE_COUNT = 1300;
const NEEDED_BYTES = 3.5 * 1024 ** 3;
const TIME_LIMIT_MS = 30 * 60_000;
const HEARTBEAT_MS = 15_000;

export type Env = Record<string, string | undefined>;

export function findOnPath(command: string, env: Env): string | undefined {
  const directories = (env['PATH'] ?? '').split(delimiter).filter((directory) => directory !== '');
  return directories.map((directory) => join(directory, command)).find((path) => existsSync(path));
}

function findGo(env: Env): string {
  const usual = ['/usr/local/go/bin/go', '/usr/lib/go/bin/go', '/opt/homebrew/bin/go'];
  const go = findOnPath('go', env) ?? usual.find((path) => existsSync(path));
  if (go === undefined) throw new Error('Go is not installed');
  return go;
}

async function requireSpace(directory: string): Promise<void> {
  const free = await freeBytes(directory);
  if (free >= NEEDED_BYTES) return;
  throw new Error(`the build needs 3.5 GiB, ${directory} has ${Math.floor(free / 1024 ** 2)} MiB free`);
}

function installArguments(): string[] {
  // Unnamed, the build would call itself 0.0.0-DEV; symbols are left out, which saves a third of the size.
  const ldflags = `-s -w -X ${MODULE}/temporalcli.Version=${BUILD_VERSION}`;
  return ['install', '-v', '-p=2', '-trimpath', '-ldflags', ldflags, `${MODULE}/cmd/temporal@v${BUILD_VERSION}`];
}

/**
 * Go keeps 3 GiB of sources and objects. Where it already does so for this user, they are used and added to;
 * elsewhere they live next to the server until it is built, so that a build cut short goes on where it was.
 */
function cachesFor(own: string, env: Env): Env {
  const usual = env['GOMODCACHE'] ?? join(env['GOPATH'] ?? join(env['HOME'] ?? homedir(), 'go'), 'pkg', 'mod');
  if (existsSync(usual)) return {};
  // Go's sources are read-only by default, and could not be removed then.
  const flags = `${env['GOFLAGS'] ?? ''} -modcacherw`.trim();
  return { GOMODCACHE: join(own, 'mod'), GOCACHE: join(own, 'objects'), GOFLAGS: flags };
}

async function runGo(go: string, bin: string, env: Env, onProgress: (line: string) => void): Promise<void> {
  const child = spawn(go, installArguments(), {
    cwd: bin,
    env: { ...env, PATH: `${dirname(go)}${delimiter}${env['PATH'] ?? ''}`, GOBIN: bin },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const counts = { downloaded: 0, compiled: 0 };
  const last: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => {
    if (line.startsWith('go: downloading')) counts.downloaded += 1;
    else if (/^[\w./-]+$/.test(line)) counts.compiled += 1;
    else last.push(line);
  });
  const report = (): void => {
    const { downloaded, compiled } = counts;
    if (compiled === 0) onProgress(`fetched ${downloaded} modules`);
    else onProgress(`compiled ${compiled} of about ${PACKAGE_COUNT} packages`);
  };
  const heartbeat = setInterval(report, HEARTBEAT_MS);
  const limit = setTimeout(() => child.kill('SIGKILL'), TIME_LIMIT_MS);
  const stop = (): void => void child.kill('SIGTERM');
  process.once('exit', stop);
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject).once('close', resolve);
    });
    if (code !== 0) throw new Error(last.slice(-3).join(' | ').slice(0, 500) || `go install ended with ${code}`);
  } finally {
    clearInterval(heartbeat);
    clearTimeout(limit);
    process.removeListener('exit', stop);
  }
}

/** Builds the server from source to the given file; throws the reason when that is not possible. */
export async function buildServer(file: string, env: Env, onProgress: (line: string) => void): Promise<void> {
  const go = findGo(env);
  await requireSpace(dirname(file));
  onProgress(`go install ${MODULE}@v${BUILD_VERSION}: about 5 minutes, once`);
  const bin = await mkdtemp(`${file}.build-`);
  const caches = `${file}.go-caches`;
  try {
    await runGo(go, bin, { ...env, ...cachesFor(caches, env) }, onProgress);
    await rename(join(bin, 'temporal'), file);
    await rm(caches, { recursive: true, force: true });
  } finally {
    await rm(bin, { recursive: true, force: true });
  }
}
