import { toMs } from '../../domain/duration.ts';
import { messageOf } from '../../domain/errors.ts';
import { probeKind, type Probe, type ProbeKind, type ProbeReading } from '../../domain/probe.ts';
import { createRedactor } from '../../telemetry/redact.ts';
import { lookAtCommand } from './command.ts';
import { lookAtCpu, lookAtEventLoop } from './cpu.ts';
import { lookAtDisk } from './disk.ts';
import { lookAtFile } from './file.ts';
import { lookAtGit } from './git.ts';
import { lookAtHttp } from './http.ts';
import type { Look, LookAt, LookOptions } from './look.ts';
import { lookAtMemory } from './memory.ts';
import { lookAtPostgres } from './postgres.ts';
import { lookAtProcess } from './process.ts';
import { lookAtQueue, lookAtRedis } from './redis.ts';
import { lookAtSession } from './session.ts';
import { lookAtTcp } from './tcp.ts';
import { lookAtTaskQueue } from './temporal-task-queue.ts';

const LOOKS: { [Kind in ProbeKind]: LookAt<Kind> } = {
  command: lookAtCommand,
  file: lookAtFile,
  http: lookAtHttp,
  tcp: lookAtTcp,
  process: lookAtProcess,
  memory: lookAtMemory,
  disk: lookAtDisk,
  cpu: lookAtCpu,
  eventLoop: lookAtEventLoop,
  postgres: lookAtPostgres,
  redis: lookAtRedis,
  queue: lookAtQueue,
  temporalTaskQueue: lookAtTaskQueue,
  git: lookAtGit,
  session: lookAtSession,
};

/** What a look may take beyond its time-out to end what it has begun, such as a command that is killed. */
const GRACE_MS = 1500;
const LONGEST = 500;

const redact = createRedactor();

/** One line, of bounded length, without what looks like a secret. */
const tidy = (observed: string): string => {
  const line = redact(observed.slice(0, 4 * LONGEST))
    .replace(/\s+/g, ' ')
    .trim();
  return line.length > LONGEST ? `${line.slice(0, LONGEST - 1)}…` : line;
};

function lookAt<Kind extends ProbeKind>(kind: Kind, probe: Probe, options: LookOptions): Promise<Look> {
  const spec = probe[kind] as NonNullable<Probe[Kind]>;
  return Promise.resolve()
    .then(() => LOOKS[kind](spec, options, probe))
    .catch((error: unknown): Look => ({ passed: false, observed: messageOf(error) }));
}

/** Looks that did not come back, by what they look at: a mount that hangs holds one thread, not one for each look. */
const stuck = new Map<string, number>();

/** The look, or that it took too long. What it began is called off, and its end is not waited for. */
async function within(kind: ProbeKind, probe: Probe, options: LookOptions, controller: AbortController): Promise<Look> {
  const { timeoutMs } = options;
  const key = JSON.stringify(probe);
  const since = stuck.get(key);
  const late = (observed: string): Look => ({ passed: false, observed, failureType: 'timeout' });
  if (since !== undefined)
    return late(`an earlier look has not come back for ${Math.round((Date.now() - since) / 1000)} s`);
  const started = Date.now();
  const abort = setTimeout(() => controller.abort(new DOMException('too late', 'TimeoutError')), timeoutMs);
  let giveUp: NodeJS.Timeout | undefined;
  const given = new Promise<undefined>((resolve) => {
    giveUp = setTimeout(resolve, timeoutMs + GRACE_MS, undefined);
  });
  const looking = lookAt(kind, probe, options);
  try {
    const look = await Promise.race([looking, given]);
    if (look === undefined) {
      stuck.set(key, started);
      void looking.finally(() => stuck.delete(key));
      return late(`no answer within ${timeoutMs} ms`);
    }
    if (!look.passed && options.signal.aborted && look.failureType === undefined)
      return late(`no answer within ${timeoutMs} ms`);
    return look;
  } finally {
    clearTimeout(abort);
    clearTimeout(giveUp);
  }
}

/** What only a worker can ask. */
export type ProbeAsks = Pick<LookOptions, 'temporal' | 'checkSession' | 'processStatus'>;

/** Looks once. A target that is ill, and a look that hangs, is a reading and never an error. */
export async function runProbe(probe: Probe, asks: ProbeAsks = {}): Promise<ProbeReading> {
  const kind = probeKind(probe);
  const timeoutMs = toMs(probe.timeout ?? '5s');
  const started = Date.now();
  const controller = new AbortController();
  const look = await within(kind, probe, { timeoutMs, signal: controller.signal, ...asks }, controller);
  return {
    name: probe.name,
    kind,
    ...look,
    observed: tidy(look.observed),
    durationMs: Date.now() - started,
    at: new Date(started).toISOString(),
  };
}
