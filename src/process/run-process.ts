import { randomUUID } from 'node:crypto';
import type { Readable, Writable } from 'node:stream';
import { execa } from 'execa';
import { RerailError } from '../domain/errors.ts';
import { statOf } from './proc.ts';
import { processIdentity } from './process-identity.ts';
import { endTree, TREE_VARIABLE } from './process-tree.ts';

export interface ProcessSpec {
  /** Program and arguments; there is no shell. */
  argv: readonly [string, ...string[]];
  /** The whole environment: nothing is inherited. */
  env: Readonly<Record<string, string>>;
  cwd?: string;
  timeoutMs?: number;
  signal?: AbortSignal;
  /** How long SIGTERM may take before SIGKILL follows. */
  killDelayMs?: number;
  /** Kept of stdout and of stderr each; what comes after is read and dropped, so that the program is not blocked. */
  maxOutputBytes?: number;
  /**
   * What it has started ends with it, however it ends and wherever that has gone; otherwise what it leaves behind lives on, and is
   * waited for while it holds the pipes.
   */
  leavesNothing?: true;
  /** At the time-out its pipes are closed: it may have handed them to a process that is not killed with it. */
  dropPipes?: true;
}

export interface ProcessResult {
  exitCode: number | null;
  signal: string | null;
  stdout: Buffer;
  stderr: string;
  truncated: boolean;
  timedOut: boolean;
  cancelled: boolean;
}

export interface RunningProcess {
  readonly pid: number | undefined;
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** Never rejects for a program that ran: exit code and signal say how it ended. */
  readonly ended: Promise<ProcessResult>;
  kill(): void;
}

const DEFAULT_OUTPUT_BYTES = 64 * 1024 * 1024;
const KILL_DELAY_MS = 2000;
const STDERR_BYTES = 64 * 1024;

function collect(stream: Readable, limit: number): () => { bytes: Buffer; truncated: boolean } {
  const chunks: Buffer[] = [];
  let kept = 0;
  let truncated = false;
  stream.on('data', (chunk: Buffer) => {
    const room = limit - kept;
    if (chunk.length > room) truncated = true;
    if (room <= 0) return;
    const part = chunk.subarray(0, room);
    chunks.push(part);
    kept += part.length;
  });
  return () => ({ bytes: Buffer.concat(chunks), truncated });
}

function spawn(spec: ProcessSpec, token: string | undefined) {
  const [file, ...args] = spec.argv;
  return execa(file, args, {
    env: token === undefined ? spec.env : { ...spec.env, [TREE_VARIABLE]: token },
    extendEnv: false,
    ...(spec.cwd === undefined ? {} : { cwd: spec.cwd }),
    ...(spec.timeoutMs === undefined ? {} : { timeout: spec.timeoutMs }),
    ...(spec.signal === undefined ? {} : { cancelSignal: spec.signal }),
    killSignal: 'SIGTERM',
    forceKillAfterDelay: spec.killDelayMs ?? KILL_DELAY_MS,
    reject: false,
    buffer: false,
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'pipe',
    detached: token !== undefined,
  });
}

/** Ends, with the process or at its time-out, whatever it has started: first with grace. Answers when that has gone. */
function endingTree(child: ReturnType<typeof spawn>, token: string, spec: ProcessSpec): Promise<unknown> {
  const { pid } = child;
  if (pid === undefined) return Promise.resolve();
  // Read at once: one that has died already is still there, since nobody has looked yet.
  const begun = statOf(pid);
  return new Promise<unknown>((resolve) => {
    let ending = false;
    const end = async (): Promise<unknown> => {
      const { startTime = '' } = (await begun) ?? {};
      const root = { ...processIdentity(pid), startTime };
      return endTree({ root, token }, { signal: 'SIGTERM', timeoutMs: spec.killDelayMs ?? KILL_DELAY_MS });
    };
    const endOnce = (): void => {
      clearTimeout(timer);
      if (!ending) resolve(end());
      ending = true;
    };
    const timer = spec.timeoutMs === undefined ? undefined : setTimeout(endOnce, spec.timeoutMs);
    child.once('exit', endOnce);
  });
}

function launch(spec: ProcessSpec, keepStdout: boolean): RunningProcess {
  const token = spec.leavesNothing ? randomUUID() : undefined;
  const child = spawn(spec, token);
  const stdout = keepStdout ? collect(child.stdout, spec.maxOutputBytes ?? DEFAULT_OUTPUT_BYTES) : undefined;
  const stderr = collect(child.stderr, spec.maxOutputBytes ?? STDERR_BYTES);
  // A program that dies leaves EPIPE on its stdin; how it ended is told by `ended`.
  child.stdin.on('error', () => undefined);
  const nothingLeft = token === undefined ? undefined : endingTree(child, token, spec);
  const dropped =
    spec.dropPipes && spec.timeoutMs !== undefined
      ? setTimeout(
          () => {
            child.stdout.destroy();
            child.stderr.destroy();
          },
          spec.timeoutMs + (spec.killDelayMs ?? KILL_DELAY_MS),
        )
      : undefined;
  const ended = Promise.resolve(child).then(async (result): Promise<ProcessResult> => {
    clearTimeout(dropped);
    if (result.exitCode === undefined && result.signal === undefined && !result.timedOut && !result.isCanceled) {
      throw new RerailError(
        'command-not-found',
        `Cannot start ${spec.argv[0]}: ${result.originalMessage ?? 'spawn failed'}`,
        {
          remedy: `Install ${spec.argv[0]} or put its directory on PATH.`,
          nonRetryable: true,
        },
      );
    }
    await nothingLeft;
    const out = stdout?.() ?? { bytes: Buffer.alloc(0), truncated: false };
    const err = stderr();
    return {
      exitCode: result.exitCode ?? null,
      signal: result.signal ?? null,
      stdout: out.bytes,
      stderr: err.bytes.toString('utf8').trimEnd(),
      truncated: out.truncated,
      timedOut: result.timedOut,
      cancelled: result.isCanceled,
    };
  });
  return {
    pid: child.pid,
    stdin: child.stdin,
    stdout: child.stdout,
    ended,
    kill: () => {
      child.kill();
    },
  };
}

/** For conversations: the caller writes stdin and must read stdout; `ended` carries stderr and the exit. */
export function startProcess(spec: ProcessSpec): RunningProcess {
  const running = launch(spec, false);
  // Callers that fail on their own stream first would otherwise leave this rejection unhandled.
  running.ended.catch(() => undefined);
  return running;
}

/** A short helper program, such as git: runs to its end and is judged by the caller. */
export function runProcess(spec: ProcessSpec & { input?: Uint8Array | string }): Promise<ProcessResult> {
  const running = launch(spec, true);
  running.stdin.end(spec.input);
  return running.ended;
}
