import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Json } from '../../domain/canonical-json.ts';
import { toMs, type Duration } from '../../domain/duration.ts';
import { RerailError } from '../../domain/errors.ts';
import { describeOperation, type CommandOperation, type OperationResult } from '../../domain/operation.ts';
import { commandEnvironment } from '../../process/command-environment.ts';
import { findCommand } from '../../process/find-command.ts';
import { resolveInside } from '../../process/inside.ts';
import { createRedactor, redactDeep } from '../../telemetry/redact.ts';
import { openExecutionFolder, OUTPUT_VARIABLE, type Ending, type ExecutionFolder } from './execution-folder.ts';

/** Run from source, as tests do, the built supervisor is used: Node 20 does not run TypeScript. */
const SUPERVISOR = fileURLToPath(
  new URL(
    import.meta.url.endsWith('.ts') ? '../../../dist/activities/commands/supervisor.js' : './supervisor.js',
    import.meta.url,
  ),
);
const OUTPUT_LIMIT = 8 * 1024;
const OUTPUT_JSON_LIMIT = 64 * 1024;
const DEFAULT_TIMEOUT: Duration = '10m';
const LOOK_EVERY_MS = 40;
/** A supervisor needs some 50 ms to claim its command; past this it never will. */
const CLAIM_WITHIN_MS = 15_000;

export interface RunCommandDeps {
  /** Where the records of executions are kept. */
  folder: string;
  heartbeat: (details?: unknown) => void;
  /** A cancelled command is killed. When its worker shuts down it goes on, and the next worker waits for its end. */
  interruption: () => 'cancelled' | 'shutdown' | undefined;
}

export interface RunCommandInput {
  operation: CommandOperation;
  /** The same key is done once, whoever asks and however often. */
  key: string;
}

async function start(folder: ExecutionFolder, operation: CommandOperation, key: string): Promise<void> {
  const workspace = operation.workspace ?? process.cwd();
  const cwd = await resolveInside(workspace, operation.cwd ?? '.', 'cwd');
  const { env, secrets } = await commandEnvironment(operation);
  const [word = ''] = operation.argv;
  const file = await findCommand(word, cwd, env['PATH']);
  await folder.writeSpec({
    file,
    argv: operation.argv,
    cwd,
    timeoutMs: toMs(operation.timeout ?? DEFAULT_TIMEOUT),
    killDelayMs: 5000,
    drainMs: 2000,
    outputLimit: OUTPUT_LIMIT,
    secretNames: secrets.length > 0 ? Object.keys(operation.secretEnv ?? {}) : [],
  });
  const child = spawn(process.execPath, [SUPERVISOR, folder.path()], {
    cwd,
    detached: true,
    stdio: 'ignore',
    env: { ...env, RERAIL_KEY: key, [OUTPUT_VARIABLE]: folder.outputFile() },
  });
  child.unref();
  await once(child, 'spawn').catch((cause: unknown) => {
    throw new Error(`the supervisor of ${describeOperation(operation)} cannot be started`, { cause });
  });
}

/** False for a supervisor that has just ended by itself. */
function askToStop(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGTERM');
  } catch {
    return false;
  }
}

async function waitForEnding(folder: ExecutionFolder, input: RunCommandInput, deps: RunCommandDeps): Promise<Ending> {
  const { operation, key } = input;
  let askedToStop = false;
  let startedAt: number | undefined;
  for (;;) {
    const progress = await folder.progress();
    if (progress.state === 'ended') return progress.ending;
    const interruption = deps.interruption();
    if (progress.state === 'lost') {
      await folder.endOrphan();
      if (interruption === 'cancelled') throw cancelled(operation);
      if (operation.idempotent === false) throw interrupted(operation);
      await folder.nextGeneration();
      startedAt = undefined;
      continue;
    }
    if (progress.state === 'unclaimed') {
      if (startedAt === undefined) {
        if (interruption === 'cancelled') throw cancelled(operation);
        await start(folder, operation, key);
        startedAt = Date.now();
      } else if (Date.now() - startedAt > CLAIM_WITHIN_MS) {
        throw new Error(`the supervisor ${SUPERVISOR} of ${describeOperation(operation)} did not start`);
      }
    }
    if (interruption === 'shutdown') throw new Error('this worker shuts down; the command goes on for the next one');
    if (progress.state === 'running' && interruption === 'cancelled' && !askedToStop) {
      askedToStop = askToStop(progress.supervisor.pid);
    }
    deps.heartbeat({ generation: folder.generation() });
    await delay(LOOK_EVERY_MS);
  }
}

function interrupted(operation: CommandOperation): RerailError {
  return new RerailError(
    'command-interrupted',
    `${describeOperation(operation)} was cut off with its host and may have done a part`,
    {
      remedy: 'Look at what it did, then decide to retry or to supply its output.',
      nonRetryable: true,
    },
  );
}

const nameOf = (operation: CommandOperation): string => describeOperation(operation).slice(0, 200);

function cancelled(operation: CommandOperation, details: Partial<Ending> = {}): RerailError {
  return new RerailError('command-interrupted', `${nameOf(operation)} was cancelled`, {
    details,
    nonRetryable: true,
  });
}

const TELLING = /error|fail|fatal|cannot|refused|denied|not found|not ok|exception|panic/i;

/** The line of the output that most likely says what is wrong: stderr first, telling words first, the end first. */
function tellingLine(ending: Ending): string {
  const linesOf = (text: string): string[] =>
    text
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '');
  const [err, out] = [linesOf(ending.stderr), linesOf(ending.stdout)];
  const found =
    err.findLast((line) => TELLING.test(line)) ??
    err.at(-1) ??
    out.findLast((line) => TELLING.test(line)) ??
    out.at(-1);
  return found?.slice(0, 300) ?? 'it printed nothing';
}

function toError(operation: CommandOperation, ending: Ending): RerailError {
  const { exitCode, signal, stdout, stderr, truncated } = ending;
  const ended = { ...(exitCode === null ? {} : { exitCode }), ...(signal === null ? {} : { signal }) };
  const details = { ...ended, stdout, stderr, truncated };
  const name = nameOf(operation);
  if (ending.cause === 'timeout') {
    const message = `${name} did not end within ${operation.timeout ?? DEFAULT_TIMEOUT} and was killed with all it had started`;
    return new RerailError('command-timeout', message, {
      remedy: 'Raise its timeout, or find out what it waits for.',
      details,
    });
  }
  if (ending.cause === 'cancelled') return cancelled(operation, details);
  const how = signal
    ? `was killed by ${signal}`
    : ending.cause === 'spawn-failed'
      ? 'could not be started'
      : `ended with exit code ${exitCode}`;
  return new RerailError('command-failed', `${name} ${how}: ${tellingLine(ending)}`, { details });
}

async function readOutput(folder: ExecutionFolder, operation: CommandOperation): Promise<Json | undefined> {
  const file = folder.outputFile();
  const size = await stat(file).then(
    (found) => found.size,
    () => undefined,
  );
  if (size === undefined || size === 0) return undefined;
  const wrong = (why: string) =>
    new RerailError('command-failed', `${describeOperation(operation)} wrote to RERAIL_OUTPUT ${why}`, {
      remedy: `Write one JSON value of at most ${OUTPUT_JSON_LIMIT} bytes to the file ${path.basename(file)} that RERAIL_OUTPUT names.`,
      nonRetryable: true,
    });
  if (size > OUTPUT_JSON_LIMIT) throw wrong(`${size} bytes`);
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Json;
  } catch {
    throw wrong('what is not JSON');
  }
}

/** Masks what the command was given as secrets, and whatever looks like one. */
async function withoutSecrets(output: Json, operation: CommandOperation): Promise<Json> {
  const { secrets } = await commandEnvironment({ secretEnv: operation.secretEnv });
  return redactDeep(output, createRedactor(secrets)) as Json;
}

/**
 * Runs a command once for its key: without a shell, with a clean environment, a time-out, a kill of its whole process
 * group, bounded and redacted output. A worker that dies meanwhile leaves it running; the next one waits for its end.
 * Errors: `command-failed`, `command-timeout`, `command-not-found`, `command-interrupted`, `path-outside-workspace`,
 * `secret-not-found`.
 */
export async function runCommand(input: RunCommandInput, deps: RunCommandDeps): Promise<OperationResult> {
  const { operation } = input;
  const folder = await openExecutionFolder(deps.folder, input.key);
  const ending = await waitForEnding(folder, input, deps);
  if (ending.cause !== 'exit' || ending.exitCode !== 0) throw toError(operation, ending);
  const written = await readOutput(folder, operation);
  const output = written === undefined ? undefined : await withoutSecrets(written, operation);
  const { stdout, stderr, truncated, durationMs } = ending;
  return { exitCode: 0, stdout, stderr, truncated, durationMs, ...(output === undefined ? {} : { output }) };
}
