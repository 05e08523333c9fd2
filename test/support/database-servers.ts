import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  accessSync,
  chmodSync,
  chownSync,
  constants,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { Redis } from 'ioredis';
import { Client } from 'pg';

/** Servers of the tests' own, on free ports of the loopback, in directories that go with them. */
export interface TestServer {
  port: number;
  password: string;
  directory: string;
  /** What it was started by, as the owner of its directory. */
  argv: readonly [string, ...string[]];
  /** The server's process; for tests that freeze or end it. */
  process: ChildProcess;
  stop(): Promise<void>;
}

const isExecutable = (file: string): boolean => {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

const searchPath = (): string[] => (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');

/** Newest first, as Debian lays them out. */
function versionedFolders(): string[] {
  const base = '/usr/lib/postgresql';
  try {
    const versions = readdirSync(base).sort((a, b) => Number(b) - Number(a));
    return versions.map((version) => join(base, version, 'bin'));
  } catch {
    return [];
  }
}

/** The directory of initdb, postgres and pg_dump; undefined where PostgreSQL is not installed. */
export const findPostgres = (): string | undefined =>
  [...versionedFolders(), ...searchPath()].find((folder) =>
    ['initdb', 'postgres', 'pg_dump', 'pg_restore', 'psql'].every((name) => isExecutable(join(folder, name))),
  );

export const findRedis = (): string | undefined =>
  searchPath()
    .map((folder) => join(folder, 'redis-server'))
    .find(isExecutable);

export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** PostgreSQL refuses to run as root. */
function unprivileged(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const id = (flag: string): number => Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

interface Launch {
  argv: readonly [string, ...string[]];
  directory: string;
  owner: { uid?: number; gid?: number };
  ping: () => Promise<unknown>;
}

async function launch({ argv: [file, ...args], directory, owner, ping }: Launch): Promise<ChildProcess> {
  const logFile = join(directory, 'server.log');
  const log = openSync(logFile, 'a');
  const child = spawn(file, args, {
    cwd: directory,
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
    stdio: ['ignore', log, log],
    ...owner,
  });
  process.once('exit', () => child.kill('SIGKILL'));
  const deadline = Date.now() + 60_000;
  for (;;) {
    try {
      await ping();
      return child;
    } catch (error) {
      if (child.exitCode !== null || Date.now() > deadline) {
        throw new Error(`${file} did not start: ${readFileSync(logFile, 'utf8')}`, { cause: error });
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

async function stopServer(child: ChildProcess, directory: string): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill('SIGCONT');
    // An immediate end for both: nobody needs the data.
    child.kill('SIGQUIT');
    const late = setTimeout(() => child.kill('SIGKILL'), 5000);
    await once(child, 'exit');
    clearTimeout(late);
  }
  rmSync(directory, { recursive: true, force: true });
}

export interface PostgresServer extends TestServer {
  binDirectory: string;
  user: string;
  /** Killed at once, and started again on the same data and port after the work in between. */
  restart(between?: () => Promise<void>): Promise<void>;
}

/** With passwords asked for, and TLS where a certificate and a key are given. */
export async function startPostgres(
  options: readonly string[] = [],
  initOptions: readonly string[] = [],
): Promise<PostgresServer> {
  const binDirectory = findPostgres();
  if (binDirectory === undefined) throw new Error('PostgreSQL is not installed');
  const directory = mkdtempSync(join(tmpdir(), 'rerail-test-postgres-'));
  const owner = unprivileged();
  if (owner.uid !== undefined && owner.gid !== undefined) chownSync(directory, owner.uid, owner.gid);
  const [password, user, data] = ['s3cret:pass\\word', 'rerail', join(directory, 'data')];
  const passwordFile = join(directory, 'password');
  writeFileSync(passwordFile, password, { mode: 0o644 });
  execFileSync(
    join(binDirectory, 'initdb'),
    [
      '-D',
      data,
      '-U',
      user,
      '-A',
      'scram-sha-256',
      `--pwfile=${passwordFile}`,
      '-E',
      'UTF8',
      '--locale=C',
      '--no-sync',
      ...initOptions,
    ],
    { cwd: directory, stdio: 'pipe', ...owner },
  );
  const port = await freePort();
  const ping = async (): Promise<void> => {
    const client = new Client({ host: '127.0.0.1', port, user, password, database: 'postgres' });
    await client.connect();
    await client.end();
  };
  const settings = ['listen_addresses=127.0.0.1', `unix_socket_directories=${directory}`, 'fsync=off', ...options];
  const argv = [
    ...[join(binDirectory, 'postgres'), '-D', data, '-p', String(port)],
    ...settings.flatMap((setting) => ['-c', setting]),
  ] as [string, ...string[]];
  const start = (): Promise<ChildProcess> => launch({ argv, directory, owner, ping });
  let child = await start();
  return {
    ...{ port, password, binDirectory, user, directory, argv },
    get process() {
      return child;
    },
    stop: () => stopServer(child, directory),
    async restart(between = () => Promise.resolve()) {
      const ended = once(child, 'exit');
      child.kill('SIGQUIT');
      await ended;
      await between();
      child = await start();
    },
  };
}

export interface RedisServer extends TestServer {
  /** Of a server that was killed, on the same port, with what its options let it keep. */
  startAgain(): Promise<void>;
}

/** In memory only where the options do not say otherwise, with a password. */
export async function startRedis(options: readonly string[] = []): Promise<RedisServer> {
  const file = findRedis();
  if (file === undefined) throw new Error('Redis is not installed');
  const directory = mkdtempSync(join(tmpdir(), 'rerail-test-redis-'));
  const [port, password] = [await freePort(), 's3cret-pass'];
  const ping = async (): Promise<void> => {
    const client = new Redis({ port, password, lazyConnect: true, retryStrategy: null });
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.ping();
    } finally {
      client.disconnect();
    }
  };
  const settings = [
    '--bind',
    '127.0.0.1',
    '--save',
    '',
    '--appendonly',
    'no',
    '--dir',
    directory,
    '--requirepass',
    password,
  ];
  const argv: TestServer['argv'] = [file, '--port', String(port), ...settings, ...options];
  const start = (): Promise<ChildProcess> => launch({ argv, directory, owner: {}, ping });
  let child = await start();
  return {
    ...{ port, password, directory, argv },
    get process() {
      return child;
    },
    stop: () => stopServer(child, directory),
    async startAgain() {
      child = await start();
    },
  };
}

/** A dependency of Debian's postgresql. */
const OPENSSL = 'openssl';

/** A self-signed certificate for localhost, readable for whoever runs the servers. */
export function makeCertificate(directory: string, name: string): { key: string; certificate: string } {
  const [key, certificate] = [join(directory, `${name}-key.pem`), join(directory, `${name}.pem`)];
  const about = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  const kind = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1'];
  execFileSync(OPENSSL, [...kind, ...about, '-keyout', key, '-out', certificate], { stdio: 'pipe' });
  const { uid, gid } = unprivileged();
  if (uid !== undefined && gid !== undefined)
    for (const path of [directory, key, certificate]) chownSync(path, uid, gid);
  chmodSync(key, 0o600);
  return { key, certificate };
}
