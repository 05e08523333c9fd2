import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { failure } from './failure.mjs';
import { cacheDir } from './paths.mjs';

/** An S3 server that keeps objects as files, for the tests of the replica. */
const MODULE = 'github.com/versity/versitygw';
const VERSION = '1.8.0';
const TIME_LIMIT_MS = 15 * 60_000;
const HEARTBEAT_MS = 15_000;

const directory = () => join(cacheDir(), 's3-server');

/** The version is in the name, so that a newer one is built when it is asked for. */
export const cachedS3Server = () => join(directory(), `versitygw-${VERSION}`);

function findGo() {
  const places = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  const candidates = [...places.map((place) => join(place, 'go')), '/usr/local/go/bin/go', '/usr/lib/go/bin/go'];
  const go = candidates.find((path) => existsSync(path));
  if (go) return go;
  throw failure(
    `there is no S3 server for the tests: ${cachedS3Server()} is missing, and Go is not installed to build it`,
    `Install Go 1.24 or newer from https://go.dev, or put a versitygw ${VERSION} there.`,
  );
}

/** Go's sources and objects are kept where this user has them anyway, else only until the server is built. */
function goCaches(own) {
  const usual = process.env.GOMODCACHE ?? join(process.env.GOPATH ?? join(homedir(), 'go'), 'pkg', 'mod');
  if (existsSync(usual)) return {};
  const flags = `${process.env.GOFLAGS ?? ''} -modcacherw`.trim();
  return { GOMODCACHE: join(own, 'mod'), GOCACHE: join(own, 'objects'), GOFLAGS: flags };
}

async function runGo(go, bin, report) {
  const env = { ...process.env, ...goCaches(bin), GOBIN: bin };
  env.PATH = `${dirname(go)}${delimiter}${process.env.PATH ?? ''}`;
  const args = ['install', '-p=2', '-trimpath', '-ldflags', '-s -w', `${MODULE}/cmd/versitygw@v${VERSION}`];
  const child = spawn(go, args, { cwd: bin, env, stdio: ['ignore', 'ignore', 'pipe'], timeout: TIME_LIMIT_MS });
  let output = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (output += text));
  const started = Date.now();
  const heartbeat = setInterval(
    () => report(`building the S3 server for the tests, ${Math.round((Date.now() - started) / 1000)} s`),
    HEARTBEAT_MS,
  );
  const stop = () => child.kill('SIGTERM');
  process.once('exit', stop);
  try {
    const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
    if (code === 0) return;
    const last = output.trim().split('\n').slice(-3).join(' | ');
    throw failure(
      `go install of ${MODULE} v${VERSION} ended with ${code}: ${last}`,
      'Check the network and `go env GOPROXY`, then try again.',
    );
  } finally {
    clearInterval(heartbeat);
    process.removeListener('exit', stop);
  }
}

/** Left by a build that was killed. */
async function removeLeftovers() {
  for (const name of await readdir(directory()))
    if (name.startsWith('build-')) await rm(join(directory(), name), { recursive: true, force: true, maxRetries: 3 });
}

/** Builds the server unless it is in the cache: about two minutes, once. Hold a lock: two at once undo each other. */
export async function ensureS3Server(report) {
  const target = cachedS3Server();
  if (existsSync(target)) return target;
  const go = findGo();
  await mkdir(directory(), { recursive: true });
  await removeLeftovers();
  report(`go install ${MODULE}@v${VERSION}: an S3 server for the tests, about 2 minutes, once`);
  const bin = await mkdtemp(join(directory(), 'build-'));
  try {
    await runGo(go, bin, report);
    await rename(join(bin, 'versitygw'), target);
  } finally {
    await rm(bin, { recursive: true, force: true, maxRetries: 3 });
  }
  return target;
}
