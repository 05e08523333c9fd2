import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { toMs } from '../../domain/duration.ts';
import { codeOf, isRerailError, messageOf } from '../../domain/errors.ts';
import { probeKind, type Probe, type ProbeReading } from '../../domain/probe.ts';
import { commandEnvironment } from '../../process/command-environment.ts';
import { findCommand } from '../../process/find-command.ts';
import { resolveInside } from '../../process/inside.ts';
import { runProcess } from '../../process/run-process.ts';
import { networkCode, readBounded } from '../http.ts';

type Look = Pick<ProbeReading, 'passed' | 'observed'>;

const CONTENT_LIMIT = 1024 * 1024;

async function lookAtCommand(probe: Probe, timeoutMs: number): Promise<Look> {
  const { argv, cwd, expectExit, stdoutContains } = probe.command!;
  const folder = await resolveInside(probe.workspace ?? process.cwd(), cwd ?? '.', 'cwd');
  const { env } = await commandEnvironment({});
  const file = await findCommand(argv[0] ?? '', folder, env['PATH']);
  const result = await runProcess({
    argv: [file, ...argv.slice(1)],
    cwd: folder,
    env,
    timeoutMs,
    killDelayMs: 500,
    maxOutputBytes: CONTENT_LIMIT,
    ownGroup: true,
  });
  if (result.timedOut) return { passed: false, observed: `no end within ${timeoutMs} ms` };
  const contains = stdoutContains === undefined || result.stdout.includes(stdoutContains);
  const exited = result.signal ? `killed by ${result.signal}` : `exit code ${result.exitCode}`;
  return {
    passed: result.exitCode === expectExit && contains,
    observed: contains ? exited : `${exited}, stdout lacks ${JSON.stringify(stdoutContains)}`,
  };
}

async function digest(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

async function lookAtFile(probe: Probe): Promise<Look> {
  const { path: given, exists, sha256, contains } = probe.file!;
  const file = await resolveInside(probe.workspace ?? process.cwd(), given, 'path').catch((error: unknown) => {
    if (isRerailError(error) && error.code === 'invalid-input') return undefined;
    throw error;
  });
  if (file === undefined) return { passed: !exists, observed: 'not there' };
  if (!exists) return { passed: false, observed: 'it is there' };
  const found = await stat(file);
  // Nothing but a regular file is opened: a pipe would keep the probe waiting for ever.
  if (!found.isFile() && (sha256 !== undefined || contains !== undefined))
    return { passed: false, observed: 'not a regular file' };
  if (sha256 !== undefined) {
    const hash = await digest(file);
    return { passed: hash === sha256, observed: `sha256 ${hash}` };
  }
  if (contains === undefined) return { passed: true, observed: `there, ${found.size} bytes` };
  if (found.size > CONTENT_LIMIT) return { passed: false, observed: `${found.size} bytes are too many to search` };
  const has = (await readFile(file, 'utf8')).includes(contains);
  return { passed: has, observed: `${has ? 'contains' : 'lacks'} ${JSON.stringify(contains)}` };
}

async function lookAtHttp(probe: Probe, timeoutMs: number): Promise<Look> {
  const { url, status, contains } = probe.http!;
  const started = Date.now();
  try {
    const response = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(timeoutMs) });
    const right = status === undefined ? response.status >= 200 && response.status < 400 : response.status === status;
    const { text } = await readBounded(response, contains === undefined ? 0 : CONTENT_LIMIT);
    const has = contains === undefined || text.includes(contains);
    const seen = `HTTP ${response.status} in ${Date.now() - started} ms`;
    return { passed: right && has, observed: has ? seen : `${seen}, body lacks ${JSON.stringify(contains)}` };
  } catch (error) {
    return { passed: false, observed: networkCode(error) };
  }
}

function lookAtTcp(probe: Probe, timeoutMs: number): Promise<Look> {
  const { host, port } = probe.tcp!;
  const started = Date.now();
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const done = (look: Look): void => {
      socket.destroy();
      resolve(look);
    };
    socket.setTimeout(timeoutMs, () => done({ passed: false, observed: `no connection within ${timeoutMs} ms` }));
    socket.once('connect', () => done({ passed: true, observed: `connected in ${Date.now() - started} ms` }));
    socket.once('error', (error) => done({ passed: false, observed: codeOf(error) ?? error.message }));
  });
}

/** Looks once. A target that is ill is a reading, never an error. */
export async function runProbe(probe: Probe): Promise<ProbeReading> {
  const kind = probeKind(probe);
  const timeoutMs = toMs(probe.timeout ?? '5s');
  const started = Date.now();
  const looks = { command: lookAtCommand, file: lookAtFile, http: lookAtHttp, tcp: lookAtTcp };
  const look = await looks[kind](probe, timeoutMs).catch((error: unknown): Look => ({
    passed: false,
    observed: messageOf(error),
  }));
  return { name: probe.name, kind, ...look, durationMs: Date.now() - started, at: new Date(started).toISOString() };
}
