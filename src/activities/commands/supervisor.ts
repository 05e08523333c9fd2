// A process of its own, started detached: it outlives a killed worker, so that a command is neither lost nor run twice.
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { claim, writeDurably } from '../../process/durable-records.ts';
import { processIdentity } from '../../process/process-identity.ts';
import { createRedactor } from '../../telemetry/redact.ts';
import type { CommandSpec, Ending } from './execution-folder.ts';

/** Keeps the end of a stream: that is where programs say what went wrong. */
function createTail(limit: number) {
  let chunks: Buffer[] = [];
  let size = 0;
  let dropped = false;
  return {
    push(chunk: Buffer): void {
      chunks.push(chunk);
      size += chunk.length;
      if (size <= limit * 4) return;
      // Twice what is shown: a secret that this cuts in two lies in the half that is cut off again below.
      const kept = Buffer.concat(chunks).subarray(-2 * limit);
      chunks = [kept];
      size = kept.length;
      dropped = true;
    },
    /** Redacted before it is cut, and cut at a line, so that no part of a secret stands at the edge. */
    text(redact: (text: string) => string): string {
      const text = redact(Buffer.concat(chunks).toString('utf8'));
      if (!dropped && text.length <= limit) return text;
      const end = text.slice(-limit);
      return end.slice(end.indexOf('\n') + 1);
    },
    truncated: (): boolean => dropped || size > limit,
  };
}

const KILLED_WITHIN_MS = 2000;

function supervise(folder: string): void {
  const spec = JSON.parse(readFileSync(path.join(folder, 'spec.json'), 'utf8')) as CommandSpec;
  // Heard from before the claim on, which is when others begin to send it: unheard, it would leave the command behind.
  process.on('SIGTERM', () => stop('cancelled'));
  process.on('SIGINT', () => stop('cancelled'));
  process.on('SIGHUP', () => undefined);
  if (!claim(path.join(folder, 'supervisor.json'))) return;
  const started = Date.now();
  const redact = createRedactor(spec.secretNames.flatMap((name) => process.env[name] ?? []));
  const [out, err] = [createTail(spec.outputLimit), createTail(spec.outputLimit)];
  const end = (how: Pick<Ending, 'exitCode' | 'signal' | 'cause'>): void => {
    writeDurably(path.join(folder, 'result.json'), {
      ...how,
      stdout: out.text(redact),
      stderr: err.text(redact),
      truncated: out.truncated() || err.truncated(),
      durationMs: Date.now() - started,
    } satisfies Ending);
    process.exit(0);
  };
  const child = spawn(spec.file, spec.argv.slice(1), {
    argv0: spec.argv[0],
    cwd: spec.cwd,
    // A group of its own, so that the kill reaches what the command has started.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (child.pid !== undefined) {
    // For whoever finds this supervisor killed and the command still at work.
    writeFileSync(path.join(folder, 'command.json'), JSON.stringify(processIdentity(child.pid)), { mode: 0o600 });
  }
  let cause: Ending['cause'] = 'exit';
  const killGroup = (signal: NodeJS.Signals): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, signal);
    } catch {
      // The group is gone, which is what was wanted.
    }
  };
  const stop = (why: Ending['cause']): void => {
    if (cause !== 'exit') return;
    cause = why;
    killGroup('SIGTERM');
    setTimeout(() => killGroup('SIGKILL'), spec.killDelayMs).unref();
  };
  const limit = setTimeout(() => stop('timeout'), spec.timeoutMs);
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  child.on('error', (error) => {
    err.push(Buffer.from(error.message));
    end({ exitCode: null, signal: null, cause: 'spawn-failed' });
  });
  const groupLives = (): boolean => {
    try {
      return child.pid !== undefined && process.kill(-child.pid, 0);
    } catch {
      return false;
    }
  };
  let closed = false;
  let finish = (): void => undefined;
  child.on('exit', (exitCode, signal) => {
    clearTimeout(limit);
    // What it left running in its group ends with it, also what no longer holds the pipes and does not heed SIGTERM.
    killGroup('SIGTERM');
    const until = Date.now() + spec.drainMs;
    finish = () => {
      const late = Date.now() > until;
      if (late) killGroup('SIGKILL');
      // On a busy machine what was killed takes a moment to go; where nobody collects the dead, they stay in their group.
      const isOver = groupLives() ? Date.now() > until + KILLED_WITHIN_MS : closed || late;
      if (isOver) end({ exitCode, signal, cause });
    };
    setInterval(() => finish(), 20);
  });
  child.on('close', () => {
    closed = true;
    finish();
  });
}

const folder = process.argv[2];
if (folder !== undefined) supervise(folder);
