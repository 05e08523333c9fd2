import { randomBytes } from 'node:crypto';
import { chown, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Client } from 'pg';
import type { Sandbox } from '../../domain/drill-sandbox.schema.ts';
import { RerailError } from '../../domain/errors.ts';
import { findCommand } from '../../process/find-command.ts';
import { runProcess } from '../../process/run-process.ts';
import { withRedis } from '../providers/redis/connection.ts';
import { awaitReady } from './await-ready.ts';
import { missingTool } from './missing-tool.ts';
import { builtProgram } from './rerail-program.ts';
import { startAndRemember } from './sandbox-argv.ts';
import { openOutside, type SandboxPlace } from './sandbox-place.ts';
import { portsOf } from './sandbox-ports.ts';
import { signed } from './sandbox-processes.ts';
import type { ServiceOf, ServiceStart } from './service-start.ts';
import { startTemporal, startWorker, type TemporalServer } from './sandbox-temporal.ts';

const DEBIAN = '/usr/lib/postgresql';
const INIT_MS = 60_000;
const CONNECT_MS = 2000;

const program = (name: string): string => builtProgram(`activities/drills/programs/${name}.js`);

export const secretOf = ({ secrets }: SandboxPlace, name: string): string => path.join(secrets, name);
/** What a fault tells the service `http`, or the names that the service `dns` knows. */
export const modeOf = ({ root }: SandboxPlace, name: string): string => path.join(root, `${name}.mode.json`);
export const recordsOf = ({ root }: SandboxPlace, name: string): string => path.join(root, `${name}.records.json`);

async function passwordOf(place: SandboxPlace, name: string): Promise<string> {
  const file = secretOf(place, name);
  const known = await readFile(file, 'utf8').catch(() => '');
  if (known !== '') return known;
  const fresh = randomBytes(18).toString('hex');
  await writeFile(file, fresh, { mode: 0o600 });
  return fresh;
}

/** Newest first; Debian keeps them apart from PATH. */
export async function postgresProgram(name: string): Promise<string> {
  const versions = (await readdir(DEBIAN).catch(() => [])).sort((a, b) => Number(b) - Number(a));
  const folders = [...versions.map((version) => path.join(DEBIAN, version, 'bin')), process.env['PATH'] ?? ''];
  return findCommand(name, '/', folders.join(path.delimiter)).catch((cause: unknown) => {
    throw missingTool(name, 'postgresql', cause);
  });
}

/** PostgreSQL refuses to run as root. */
async function unprivileged(): Promise<{ uid?: number; gid?: number }> {
  if (process.getuid?.() !== 0) return {};
  const nobody = (await readFile('/etc/passwd', 'utf8')).split('\n').find((line) => line.startsWith('nobody:'));
  const [, , uid, gid] = nobody?.split(':') ?? [];
  return { uid: Number(uid ?? 65_534), gid: Number(gid ?? 65_534) };
}

async function makeCluster(
  { place, signal }: Pick<ServiceStart, 'place' | 'signal'>,
  data: string,
  password: string,
  owner: { uid?: number; gid?: number },
) {
  if (await stat(path.join(data, 'made')).catch(() => undefined)) return;
  await rm(data, { recursive: true, force: true });
  await mkdir(data, { recursive: true, mode: 0o700 });
  const file = path.join(place.outside, 'password');
  await writeFile(file, password, { mode: 0o600 });
  const { uid, gid } = owner;
  if (uid !== undefined && gid !== undefined) for (const one of [place.outside, data, file]) await chown(one, uid, gid);
  const words = ['-D', path.join(data, 'cluster'), '-U', 'rerail', '-A', 'scram-sha-256', `--pwfile=${file}`];
  // The program itself changes its user: started by another one, it could not see its own folder.
  const result = await runProcess({
    argv: [...asOwner(owner), await postgresProgram('initdb'), ...words, '-E', 'UTF8', '--locale=C', '--no-sync'],
    env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C', ...signed(place) },
    cwd: data,
    timeoutMs: INIT_MS,
    ...(signal === undefined ? {} : { signal, leavesNothing: true }),
  });
  await rm(file, { force: true });
  signal?.throwIfAborted();
  if (result.exitCode !== 0)
    throw new RerailError('setup-failed', `initdb failed: ${result.stderr.slice(-300)}`, { nonRetryable: true });
  await writeFile(path.join(data, 'made'), '');
}

const asOwner = ({ uid, gid }: { uid?: number; gid?: number }): [string, ...string[]] =>
  uid === undefined ? ['env'] : ['setpriv', `--reuid=${uid}`, `--regid=${gid ?? uid}`, '--clear-groups'];

async function startPostgres(
  { name, maxConnections }: ServiceOf<'postgres'>,
  { place, port, signal }: ServiceStart,
): Promise<void> {
  const password = await passwordOf(place, name);
  const owner = await unprivileged();
  const data = path.join(place.outside, name);
  await openOutside(place);
  await makeCluster({ place, signal }, data, password, owner);
  const settings = [
    ...['listen_addresses=127.0.0.1', `unix_socket_directories=${data}`, 'fsync=off', 'shared_buffers=8MB'],
    ...[`max_connections=${maxConnections}`, 'superuser_reserved_connections=3'],
  ];
  const words = ['-D', path.join(data, 'cluster'), '-p', String(port), ...settings.flatMap((one) => ['-c', one])];
  const options = { cwd: data, env: { LC_ALL: 'C' }, owner };
  await startAndRemember(place, name, [await postgresProgram('postgres'), ...words], options);
  await awaitReady({ place, signal }, name, async () => {
    const client = new Client({
      ...{ host: '127.0.0.1', port, user: 'rerail', password, database: 'postgres' },
      connectionTimeoutMillis: CONNECT_MS,
    });
    await client.connect();
    try {
      const { rowCount } = await client.query("SELECT 1 FROM pg_roles WHERE rolname = 'app'");
      // The password is of our own hexadecimal digits.
      if (rowCount === 0) await client.query(`CREATE ROLE app LOGIN PASSWORD '${password}'`);
    } finally {
      await client.end();
    }
  });
}

async function startRedis(
  { name, maxMemoryBytes, entries = {} }: ServiceOf<'redis'>,
  { place, port, signal }: ServiceStart,
): Promise<void> {
  await passwordOf(place, name);
  const file = await findCommand('redis-server', '/').catch((cause: unknown) => {
    throw missingTool('redis-server', 'redis-server', cause);
  });
  const config = path.join(place.secrets, `${name}.conf`);
  const lines = ['bind 127.0.0.1', `port ${port}`, 'save ""', 'appendonly no', `maxmemory ${maxMemoryBytes}`];
  const password = await passwordOf(place, name);
  // In a file, where no list of processes shows it.
  await writeFile(config, [...lines, 'maxmemory-policy noeviction', `requirepass ${password}`, ''].join('\n'), {
    mode: 0o600,
  });
  await startAndRemember(place, name, [file, config]);
  const limits = { connectTimeoutMs: CONNECT_MS, timeoutMs: CONNECT_MS };
  await awaitReady({ place, signal }, name, () =>
    withRedis(redisAddress(place, name, port), limits, ({ client }) => client.ping()),
  );
  if (Object.keys(entries).length > 0)
    await withRedis(redisAddress(place, name, port), limits, ({ client }) => client.mset(entries));
}

export const redisAddress = (place: SandboxPlace, name: string, port: number) => ({
  host: '127.0.0.1',
  port,
  db: 0,
  passwordFrom: `file:${secretOf(place, name)}`,
});

async function startHttp({ name }: ServiceOf<'http'>, { place, port, signal }: ServiceStart): Promise<void> {
  const argv = [process.execPath, program('http-service'), String(port), modeOf(place, name)];
  await startAndRemember(place, name, argv);
  await awaitReady({ place, signal }, name, () => fetch(`http://127.0.0.1:${port}/health`));
}

async function startDns({ name, records }: ServiceOf<'dns'>, { place, port }: ServiceStart): Promise<void> {
  const file = recordsOf(place, name);
  if (!(await stat(file).catch(() => undefined))) await writeFile(file, JSON.stringify(records));
  await startAndRemember(place, name, [process.execPath, program('dns-service'), String(port), file]);
}

export async function startServices(
  place: SandboxPlace,
  { services = [] }: Sandbox,
  { temporalServer, signal }: { temporalServer?: TemporalServer | undefined; signal?: AbortSignal } = {},
): Promise<void> {
  const ports = await portsOf(place);
  const workers = services.filter(({ kind }) => kind === 'worker');
  for (const service of [...services.filter(({ kind }) => kind !== 'worker'), ...workers]) {
    signal?.throwIfAborted();
    const start = { place, port: ports[service.name] ?? 0, signal };
    if (service.kind === 'postgres') await startPostgres(service, start);
    else if (service.kind === 'redis') await startRedis(service, start);
    else if (service.kind === 'http') await startHttp(service, start);
    else if (service.kind === 'dns') await startDns(service, start);
    else if (service.kind === 'temporal') await startTemporal(service, start, temporalServer);
    else await startWorker(service, start, ports[service.temporal] ?? 0);
  }
}
