import { setTimeout as delay } from 'node:timers/promises';
import { SupervisedProcessSchema } from '../../domain/process.schema.ts';
import { formatMs, toMs } from '../../domain/duration.ts';
import { RerailError } from '../../domain/errors.ts';
import { parseInput } from '../../domain/parse-input.ts';
import type { ProcessStatus, StopRequest, SupervisedProcess } from '../../domain/process.ts';
import { endTree } from '../../process/process-tree.ts';
import type { RunProbe } from '../probes/run-probe-here.ts';
import {
  listProcessNames,
  lookAtRun,
  openProcessFolder,
  treeOfRun,
  type ProcessFolder,
  type Run,
} from './process-folder.ts';
import { readStatus, restartAdvice } from './read-status.ts';
import { addRun, awaitStart, checkDefinition, type StartReason } from './start-run.ts';

export interface ProcessDeps {
  /** Where the records of this host's processes are. */
  folder: string;
  runProbe: RunProbe;
  /** Of who asks: the recovery, and its try, which stays the same after a lost worker. */
  keys: () => { execution: string; step: string };
  signal: () => AbortSignal | undefined;
}

export interface ProcessInput {
  process: unknown;
}

const READY_EVERY_MS = 100;
const LOOK_EVERY_MS = 25;

const lines = ({ lastLines }: ProcessStatus): string =>
  lastLines.length === 0 ? 'it printed nothing' : `its last output: ${lastLines.slice(-5).join(' | ').slice(-800)}`;

function failed(status: ProcessStatus, what: string, more: { final?: true } = {}): RerailError {
  const { ending, lastLines, restarts, startLimitBurst } = status;
  return new RerailError('process-failed', `process ${status.name} ${what}; ${lines(status)}`, {
    remedy: 'Read its output with `rerail process show`, mend the cause, and start it again.',
    details: { ending, lastLines, restarts, startLimitBurst },
    nonRetryable: more.final === true,
  });
}

/** Processes that this host keeps running. Each may be asked for again at any time: one process comes of it. */
export function createProcessActivities(deps: ProcessDeps) {
  const parse = ({ process }: ProcessInput): SupervisedProcess =>
    parseInput(SupervisedProcessSchema, process, 'The process');
  const open = (name: string): Promise<ProcessFolder> => openProcessFolder(deps.folder, name);
  const wait = (ms: number): Promise<void> => delay(ms, undefined, { signal: deps.signal() });

  async function end(folder: ProcessFolder, run: Run, request: Omit<StopRequest, 'at'>): Promise<void> {
    const look = await lookAtRun(run);
    if (look.ending === null) await folder.requestStop(run, { ...request, at: new Date().toISOString() });
    const { signal, timeout } = run.spec.definition.stop;
    for (let now = look; ; now = await lookAtRun(run)) {
      const left = await endTree(treeOfRun(run, now), { signal, timeoutMs: toMs(timeout) });
      if (left.length > 0)
        throw failed(await readStatus(folder), `did not end: ${left.join(', ')} outlived SIGKILL`, { final: true });
      // Its supervisor writes how it ended, ends what only it knows, and goes; one that was about to start it has seen the request,
      // or started it just now.
      const { state, supervised } = await lookAtRun(run);
      if (state === 'unclaimed' || (state === 'ended' && !supervised)) return;
      await wait(LOOK_EVERY_MS);
    }
  }

  /** Until its probes pass and it has lived for long enough. */
  async function becomeReady(folder: ProcessFolder, run: Run): Promise<ProcessStatus> {
    const { ready, restart } = run.spec.definition;
    const until = run.spec.at + toMs(ready.within) + toMs(restart.minUptime);
    for (;;) {
      const status = await readStatus(folder);
      if (status.state === 'ended') {
        if (status.healthy) return status;
        throw failed(status, `${status.observed} ${formatMs(status.uptimeMs ?? 0)} after its start`);
      }
      const readings = await Promise.all(ready.probes.map((probe) => deps.runProbe({ workspace: '/', ...probe })));
      const bad = readings.find(({ passed }) => !passed);
      const young = Date.now() - run.spec.at < toMs(restart.minUptime);
      if (!bad && !young && status.state === 'running') return status;
      if (Date.now() > until) {
        const why = bad ? `probe ${bad.name}: ${bad.observed}` : status.observed;
        throw failed(status, `runs, and is not ready within ${ready.within}: ${why}`);
      }
      await wait(READY_EVERY_MS);
    }
  }

  const isReady = async (definition: SupervisedProcess): Promise<boolean> =>
    (await Promise.all(definition.ready.probes.map((probe) => deps.runProbe({ workspace: '/', ...probe })))).every(
      ({ passed }) => passed,
    );

  /** Under the lock of the process. The definition that is asked for is the one that the next start uses. */
  async function begin(folder: ProcessFolder, definition: SupervisedProcess, why: StartReason): Promise<Run> {
    const run = await addRun(folder, definition, why);
    await awaitStart(run);
    await folder.prune(Date.now() - toMs(definition.restart.startLimitInterval));
    return run;
  }

  async function start(definition: SupervisedProcess): Promise<ProcessStatus> {
    const folder = await open(definition.name);
    const { execution, step } = deps.keys();
    const run = await folder.exclusive(async () => {
      const last = await folder.latest();
      const look = last && (await lookAtRun(last));
      if (last && look && (look.state !== 'ended' || last.spec.key === step)) {
        await folder.requestStop(last, look.state === 'ended' ? look.stopRequest : null);
        await awaitStart(last);
        return last;
      }
      if (last) await end(folder, last, { purpose: 'restart', by: execution });
      return begin(folder, definition, { key: step, by: execution, reason: 'start' });
    });
    return becomeReady(folder, run);
  }

  function refuse(status: ProcessStatus, definition: SupervisedProcess, allowed: boolean): void {
    const { policy, startLimitInterval } = definition.restart;
    const never = policy === 'never';
    if (allowed && !never) return;
    const why = never
      ? 'its restart policy is never'
      : `it was restarted ${status.restarts} times within ${startLimitInterval}`;
    throw new RerailError(
      'process-start-limit',
      `process ${definition.name} is not started again: ${why}; it ${status.observed}; ${lines(status)}`,
      {
        remedy: 'Mend the cause, then `rerail process start` it, which begins the count anew.',
        details: { ending: status.ending, lastLines: status.lastLines, restarts: status.restarts },
        nonRetryable: true,
      },
    );
  }

  async function restart(definition: SupervisedProcess): Promise<ProcessStatus> {
    await checkDefinition(definition);
    const folder = await open(definition.name);
    const { execution, step } = deps.keys();
    const run = await folder.exclusive(async () => {
      const runs = await folder.runs();
      const last = runs.at(-1);
      const look = last && (await lookAtRun(last));
      if (last && look) {
        // This try, or one of the same recovery whose worker was lost, has come as far as this before.
        const mine = last.spec.key === step || (last.spec.by === execution && last.spec.reason === 'restart');
        const works = look.state === 'running' && look.stopRequest === null && (await isReady(definition));
        if (last.spec.key === step || look.state === 'unclaimed' || (mine && works)) {
          await awaitStart(last);
          return last;
        }
      }
      const advice = restartAdvice(runs, definition, Date.now());
      refuse(await readStatus(folder), definition, advice.allowed);
      if (last) await end(folder, last, { purpose: 'restart', by: execution });
      await wait(advice.delayMs);
      return begin(folder, definition, { key: step, by: execution, reason: 'restart' });
    });
    return becomeReady(folder, run);
  }

  async function stop(name: string): Promise<ProcessStatus> {
    const folder = await open(name);
    await folder.exclusive(async () => {
      const last = await folder.latest();
      if (last) await end(folder, last, { purpose: 'stop', by: deps.keys().execution });
    });
    return readStatus(folder);
  }

  async function verify(definition: SupervisedProcess): Promise<ProcessStatus> {
    const folder = await open(definition.name);
    const status = await readStatus(folder);
    if (!status.healthy) throw failed(status, status.observed);
    const last = await folder.latest();
    return status.state === 'running' && last ? becomeReady(folder, last) : status;
  }

  return {
    startProcess: (input: ProcessInput) => start(parse(input)),
    restartProcess: (input: ProcessInput) => restart(parse(input)),
    stopProcess: (input: ProcessInput) => stop(parse(input).name),
    processStatus: async (input: ProcessInput) => readStatus(await open(parse(input).name)),
    verifyProcess: (input: ProcessInput) => verify(parse(input)),
    /** By the name alone, as a probe knows it. */
    statusOf: async (name: string): Promise<ProcessStatus> => readStatus(await open(name)),
    /** What was started on this host, with the definition that it was started by. */
    async listHere(): Promise<{ status: ProcessStatus; definition: SupervisedProcess }[]> {
      const found = await Promise.all(
        (await listProcessNames(deps.folder)).map(async (name) => {
          const folder = await open(name);
          const last = await folder.latest();
          return last && { status: await readStatus(folder), definition: last.spec.definition };
        }),
      );
      return found.filter((one) => one !== undefined);
    },
  };
}

export type ProcessActivities = ReturnType<typeof createProcessActivities>;
