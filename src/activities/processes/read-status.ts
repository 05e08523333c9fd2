import { formatMs, toMs } from '../../domain/duration.ts';
import {
  adviseRestart,
  describeEnding,
  isFailure,
  type ProcessStatus,
  type RestartAdvice,
  type SupervisedProcess,
} from '../../domain/process.ts';
import { treeOf } from '../../process/process-tree.ts';
import { residentBytes } from './out-of-memory.ts';
import { lookAtRun, outputOf, treeOfRun, type ProcessFolder, type Run, type RunLook } from './process-folder.ts';
import { lastLines } from './rotating-log.ts';

const SHOWN_LINES = 20;

/** By the definition: may it be restarted now? */
export function restartAdvice(runs: readonly Run[], { restart }: SupervisedProcess, now: number): RestartAdvice {
  return adviseRestart(
    runs.map(({ spec }) => ({ at: spec.at, reason: spec.reason })),
    {
      startLimitBurst: restart.startLimitBurst,
      intervalMs: toMs(restart.startLimitInterval),
      delayMs: toMs(restart.delay),
      maxDelayMs: toMs(restart.maxDelay),
    },
    now,
  );
}

async function memoryOf(run: Run, look: RunLook): Promise<number> {
  return (await treeOf(treeOfRun(run, look))).reduce((sum, { pid }) => sum + residentBytes(pid), 0);
}

function observe(run: Run, look: RunLook, memoryBytes: number | null): { healthy: boolean; observed: string } {
  const { definition, at } = run.spec;
  const { ending, stopRequest } = look;
  if (look.state === 'running') {
    const unseen = look.supervised ? '' : '; its supervisor is gone, so nobody will see how it ends';
    const memory = memoryBytes === null ? '' : `, ${memoryBytes} bytes of memory`;
    const observed = `process ${look.process?.pid ?? ''} runs for ${formatMs(Date.now() - at)}${memory}${unseen}`;
    return { healthy: true, observed };
  }
  if (ending === null) return { healthy: false, observed: 'it is not running yet' };
  const healthy = !isFailure(definition.restart.policy, ending, stopRequest);
  if (stopRequest === null) return { healthy, observed: describeEnding(ending) };
  const why =
    stopRequest.purpose === 'stop'
      ? `stopped by ${stopRequest.by}`
      : `stopped by ${stopRequest.by} to be started again, which has not happened yet`;
  return { healthy, observed: `${why}: ${describeEnding(ending)}` };
}

const NEVER: Omit<ProcessStatus, 'name'> = {
  state: 'none',
  healthy: false,
  observed: 'it was never started on this host',
  pid: null,
  startedAt: null,
  uptimeMs: null,
  memoryBytes: null,
  supervised: false,
  ending: null,
  stopRequest: null,
  restarts: 0,
  startLimitBurst: 0,
  lastLines: [],
};

/** How a supervised process of this host is, from its records and /proc. */
export async function readStatus(folder: ProcessFolder): Promise<ProcessStatus> {
  const runs = await folder.runs();
  const run = runs.at(-1);
  if (!run) return { name: folder.name, ...NEVER };
  const look = await lookAtRun(run);
  const now = Date.now();
  const running = look.state === 'running';
  const memoryBytes = running ? await memoryOf(run, look) : null;
  return {
    name: folder.name,
    state: look.state === 'unclaimed' ? 'starting' : look.state,
    ...observe(run, look, memoryBytes),
    pid: running ? (look.process?.pid ?? null) : null,
    startedAt: new Date(run.spec.at).toISOString(),
    uptimeMs: running ? now - run.spec.at : (look.ending?.uptimeMs ?? null),
    memoryBytes,
    supervised: look.supervised,
    ending: look.ending,
    stopRequest: look.stopRequest,
    restarts: restartAdvice(runs, run.spec.definition, now).counted,
    startLimitBurst: run.spec.definition.restart.startLimitBurst,
    lastLines: await lastLines(outputOf(run.folder), SHOWN_LINES),
  };
}
