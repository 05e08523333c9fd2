// The supervisor of one process, started detached: it outlives the worker, keeps the output and writes down how it all ended.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import path from 'node:path';
import { toMs } from '../../domain/duration.ts';
import type { ProcessEnding } from '../../domain/process.ts';
import { claim, writeDurably } from '../../process/durable-records.ts';
import { createDescendants } from '../../process/descendants.ts';
import { processIdentity } from '../../process/process-identity.ts';
import { endTree, TREE_VARIABLE, treeOf } from '../../process/process-tree.ts';
import { createRedactor } from '../../telemetry/redact.ts';
import { countOomKills, residentBytes } from './out-of-memory.ts';
import { outputOf, type RunSpec } from './process-folder.ts';
import { createRotatingLog } from './rotating-log.ts';

const LOOK_EVERY_MS = 250;
/** What it started may hold its pipes; its end is told without them after this long. */
const DRAIN_MS = 500;

type Ended = Pick<ProcessEnding, 'exitCode' | 'signal'>;

/** Why it ended. Only what this process itself did or saw is certain. */
function judge(
  { exitCode, signal }: Ended,
  limit: { bytes: number; max: number } | undefined,
  before: ReturnType<typeof countOomKills>,
): Pick<ProcessEnding, 'cause' | 'certain' | 'evidence'> {
  if (limit !== undefined)
    return { cause: 'memory-limit', certain: true, evidence: `${limit.bytes} bytes in use, at most ${limit.max}` };
  if (signal === null) return { cause: exitCode === null ? 'unknown' : 'exit', certain: exitCode !== null };
  const after = countOomKills();
  if (signal === 'SIGKILL' && before && after && after.where === before.where && after.count > before.count) {
    const times = after.count - before.count;
    const evidence = `a guess: on ${after.where} the kernel has killed ${times} for want of memory since it was started`;
    return { cause: 'out-of-memory', certain: false, evidence };
  }
  return { cause: 'signal', certain: true };
}

function guard(folder: string): void {
  const spec = JSON.parse(readFileSync(path.join(folder, 'spec.json'), 'utf8')) as RunSpec;
  if (!claim(path.join(folder, 'guard.json'))) return;
  if (existsSync(path.join(folder, 'stop.json'))) {
    const evidence = 'it was to end before it was started';
    const ending = { exitCode: null, signal: null, cause: 'spawn-failed', certain: true, evidence } as const;
    writeDurably(path.join(folder, 'ended.json'), { ...ending, at: new Date().toISOString(), uptimeMs: 0 });
    return;
  }
  const { limits, stop, output, argv, cwd } = spec.definition;
  const redact = createRedactor(spec.secretNames.flatMap((name) => process.env[name] ?? []));
  const log = createRotatingLog(outputOf(folder), output, redact);
  const [out, err] = [log.stream(), log.stream()];
  const started = Date.now();
  const oomBefore = countOomKills();
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);
  if (limits.niceness !== undefined) {
    try {
      // Inherited by what is started; set before, so that it never runs with another one.
      setPriority(limits.niceness);
    } catch {
      err.push(Buffer.from(`rerail: niceness ${limits.niceness} is not allowed to this user\n`));
    }
  }
  const child = spawn(spec.file, argv.slice(1), {
    ...(argv[0] === undefined ? {} : { argv0: argv[0] }),
    cwd,
    env: { ...process.env, [TREE_VARIABLE]: spec.token },
    // A session of its own: it has no terminal, and its members are known by it.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const identity = child.pid === undefined ? undefined : processIdentity(child.pid);
  if (identity) writeDurably(path.join(folder, 'process.json'), identity);
  const tree = { root: identity, token: spec.token };
  const descendants = createDescendants(child.pid ?? Number.NaN);
  const known = descendants.startTimes;

  let overLimit: { bytes: number; max: number } | undefined;
  const max = limits.memoryMaxBytes;
  const lookAtMemory = async (): Promise<void> => {
    if (max === undefined || overLimit) return;
    const bytes = (await treeOf(tree, known)).reduce((sum, { pid }) => sum + residentBytes(pid), 0);
    if (bytes <= max) return;
    overLimit = { bytes, max };
    await endTree(tree, { signal: 'SIGKILL', timeoutMs: 0, known });
  };
  const looks = setInterval(() => {
    descendants.look();
    void lookAtMemory();
  }, LOOK_EVERY_MS);

  let written = false;
  const writeEnding = (ended: Ended, why: Pick<ProcessEnding, 'cause' | 'certain' | 'evidence'>): void => {
    if (written) return;
    written = true;
    out.flush();
    err.flush();
    const at = new Date().toISOString();
    writeDurably(path.join(folder, 'ended.json'), { ...ended, ...why, at, uptimeMs: Date.now() - started });
  };
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  child.on('error', (error) => {
    // Also for a signal that could not be sent, which is no end.
    if (child.pid !== undefined) return;
    const evidence = error.message;
    writeEnding({ exitCode: null, signal: null }, { cause: 'spawn-failed', certain: true, evidence });
    process.exit(0);
  });
  child.on('exit', (exitCode, signal) => {
    clearInterval(looks);
    const ended = { exitCode, signal };
    const why = judge(ended, overLimit, oomBefore);
    const tell = (): void => {
      clearTimeout(drained);
      writeEnding(ended, why);
      // What it has left behind would work beside the next one.
      void endTree(tree, { signal: stop.signal, timeoutMs: toMs(stop.timeout), known }).finally(() => process.exit(0));
    };
    const drained = setTimeout(tell, DRAIN_MS);
    child.on('close', tell);
  });
}

const folder = process.argv[2];
if (folder !== undefined) guard(folder);
