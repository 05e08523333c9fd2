import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { freeBytes } from './data-dir.ts';

/** The newest that can be built from the module alone: from 1.6 on its go.mod has a `replace` line, which counts only in itself. */
export const BUILD_VERSION = '1.5.1';

const MODULE = 'github.com/temporalio/cli';
/** Newer than its own 1.39.1, whose only connection answers `interrupted (9)` for good once a call is ended at the wrong moment. */
const SQLITE = 'modernc.org/sqlite@v1.44.3';
/** Of a module that needs both, for `go install` takes the versions of one. */
const GO_MOD = 'module rerail.invalid/temporal-server\n\ngo 1.24\n';
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

/** One after the other, in the module's directory. */
function goCommands(): string[][] {
  const main = `${MODULE}/cmd/temporal`;
  // Unnamed, the build would call itself 0.0.0-DEV; symbols are left out, which saves a third of the size.
  const ldflags = `-s -w -X ${MODULE}/temporalcli.Version=${BUILD_VERSION}`;
  return [
    ['get', `${main}@v${BUILD_VERSION}`, SQLITE],
    ['build', '-v', '-p=2', '-trimpath', '-ldflags', ldflags, '-o', 'temporal', main],
  ];
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

interface GoRun {
  go: string;
  args: readonly string[];
  cwd: string;
  env: Env;
  onProgress: (line: string) => void;
}

async function runGo({ go, args, cwd, env, onProgress }: GoRun): Promise<void> {
  const child = spawn(go, args, {
    cwd,
    env: { ...env, PATH: `${dirname(go)}${delimiter}${env['PATH'] ?? ''}`, GOWORK: 'off' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const counts = { downloaded: 0, compiled: 0 };
  const last: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => {
    if (line.startsWith('go: downloading')) counts.downloaded += 1;
    else if (/^[\w./-]+$/.test(line)) counts.compiled += 1;
    else if (!/^go: (added|upgraded|downgraded) /.test(line)) last.push(line);
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
    if (code !== 0) throw new Error(last.slice(-3).join(' | ').slice(0, 500) || `go ${args[0]} ended with ${code}`);
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
  onProgress(`go build ${MODULE}@v${BUILD_VERSION}: about 5 minutes, once`);
  const cwd = await mkdtemp(`${file}.build-`);
  const caches = `${file}.go-caches`;
  try {
    await writeFile(join(cwd, 'go.mod'), GO_MOD);
    for (const args of goCommands())
      await runGo({ go, args, cwd, env: { ...env, ...cachesFor(caches, env) }, onProgress });
    await rename(join(cwd, 'temporal'), file);
    await rm(caches, { recursive: true, force: true });
  } finally {
    await rm(cwd, { recursive: true, force: true });
  }
}
