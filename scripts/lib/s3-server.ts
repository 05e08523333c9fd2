import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { RerailError } from '../../src/domain/errors.ts';
import { findOnPath } from '../../src/embedded/build-server.ts';
import { defaultCacheDir } from '../../src/embedded/find-server.ts';
import { withLockFile } from '../../src/embedded/lock-file.ts';

/** An S3 server that keeps objects as files, for the tests of the replica. */
const MODULE = 'github.com/versity/versitygw';
const VERSION = '1.8.0';
const TIME_LIMIT_MS = 15 * 60_000;
const LOCK_TIMEOUT_MS = 20 * 60_000;
const HEARTBEAT_MS = 15_000;

type Report = (line: string) => void;

const cacheDir = (): string => process.env['RERAIL_CACHE_DIR'] ?? defaultCacheDir(process.env);
const directory = (): string => join(cacheDir(), 's3-server');

function findGo(target: string): string {
  const usual = ['/usr/local/go/bin/go', '/usr/lib/go/bin/go', '/opt/homebrew/bin/go'];
  const go = findOnPath('go', process.env) ?? usual.find((path) => existsSync(path));
  if (go !== undefined) return go;
  throw new RerailError(
    'setup-failed',
    `no S3 server for the tests: ${target} is missing, and Go to build it as well`,
    {
      remedy: `Install Go from https://go.dev, 1.21 or newer, or put a versitygw ${VERSION} there.`,
    },
  );
}

/** Go's sources and objects are kept where this user has them anyway, else only until the server is built. */
function goCaches(own: string): NodeJS.ProcessEnv {
  const { GOMODCACHE, GOPATH, GOFLAGS = '' } = process.env;
  if (existsSync(GOMODCACHE ?? join(GOPATH ?? join(homedir(), 'go'), 'pkg', 'mod'))) return {};
  // Go's sources are read-only by default, and could not be removed then.
  return {
    GOMODCACHE: join(own, 'mod'),
    GOCACHE: join(own, 'objects'),
    GOFLAGS: `${GOFLAGS} -modcacherw`.trim(),
  };
}

async function runGo(go: string, bin: string, report: Report): Promise<void> {
  const args = ['install', '-p=2', '-trimpath', '-ldflags', '-s -w', `${MODULE}/cmd/versitygw@v${VERSION}`];
  const path = `${dirname(go)}${delimiter}${process.env['PATH'] ?? ''}`;
  const child = spawn(go, args, {
    cwd: bin,
    env: { ...process.env, ...goCaches(bin), PATH: path, GOBIN: bin },
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: TIME_LIMIT_MS,
  });
  let output = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text));
  const started = Date.now();
  const heartbeat = setInterval(() => {
    report(`building the S3 server for the tests, ${String(Math.round((Date.now() - started) / 1000))} s`);
  }, HEARTBEAT_MS);
  const stop = (): void => void child.kill('SIGTERM');
  process.once('exit', stop);
  try {
    const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
    if (code === 0) return;
    const last = output.trim().split('\n').slice(-3).join(' | ');
    throw new RerailError('setup-failed', `go install of ${MODULE} v${VERSION} ended with ${String(code)}: ${last}`, {
      remedy: 'Check the network and `go env GOPROXY`, then try again.',
    });
  } finally {
    clearInterval(heartbeat);
    process.removeListener('exit', stop);
  }
}

async function build(target: string, report: Report): Promise<void> {
  const go = findGo(target);
  await mkdir(directory(), { recursive: true });
  // Left by a build that was killed; the lock is ours, so nobody is still at work on them.
  for (const name of await readdir(directory()))
    if (name.startsWith('build-')) await rm(join(directory(), name), { recursive: true, force: true });
  report(`go install ${MODULE}@v${VERSION}: an S3 server for the tests, about 2 minutes, once`);
  const bin = await mkdtemp(join(directory(), 'build-'));
  try {
    await runGo(go, bin, report);
    await rename(join(bin, 'versitygw'), target);
  } finally {
    await rm(bin, { recursive: true, force: true });
  }
}

/** Path of the server; builds it unless it is in the cache. Two at once build it once. Throws `setup-failed`. */
export async function ensureS3Server(report: Report): Promise<string> {
  // The version is in the name, so that a newer one is built when it is asked for.
  const target = join(directory(), `versitygw-${VERSION}`);
  if (existsSync(target)) return target;
  const lock = { purpose: 'building the S3 server for the tests', timeoutMs: LOCK_TIMEOUT_MS, onNotice: report };
  await withLockFile(`${directory()}.lock`, lock, async () => {
    if (!existsSync(target)) await build(target, report);
  });
  return target;
}
