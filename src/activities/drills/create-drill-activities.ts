import { Context } from '@temporalio/activity';
import type { DrillFault, SandboxItem } from '../../domain/drill.ts';
import { asActivity } from '../support/as-activity.ts';
import { withHeartbeat } from '../support/with-heartbeat.ts';
import { injectFault, takeBackFault } from './faults/registry.ts';
import { listItems, type ListOptions } from './list-items.ts';
import { forgetProcesses, removeSandbox } from './remove-sandbox.ts';
import { prepareSandbox, type PreparedSandbox, type PrepareSandboxInput } from './prepare-sandbox.ts';
import { existingSandbox, sandboxPlace } from './sandbox-place.ts';
import { startAll } from './start-all.ts';
import type { TemporalServer } from './sandbox-temporal.ts';

export interface InjectFaultInput {
  id: string;
  /** Its place in the drill. */
  index: number;
  fault: DrillFault;
}

export interface DrillDeps {
  dataDir: string;
  /** Absent: drills that need one say nothing. */
  temporalServer?: TemporalServer;
}

/** The drill waits until the work has stopped before it takes the sandbox away. */
const untilCancelled = <T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> =>
  withHeartbeat(() => work(Context.current().cancellationSignal));

/** What a drill does on its host. It makes a sandbox, breaks what is in it, and takes all of it away again. */
export function createDrillActivities({ dataDir, temporalServer }: DrillDeps) {
  return {
    prepareSandbox: asActivity((input: PrepareSandboxInput): Promise<PreparedSandbox> =>
      untilCancelled((signal) => prepareSandbox(dataDir, input, signal)),
    ),
    startSandboxProcesses: asActivity(({ id, sandbox }: PrepareSandboxInput): Promise<void> =>
      untilCancelled(async (signal) =>
        startAll(await existingSandbox(dataDir, id), sandbox, { temporalServer, signal }),
      ),
    ),
    listSandbox: asActivity(async ({ id, ...options }: { id: string } & ListOptions): Promise<SandboxItem[]> =>
      listItems(await existingSandbox(dataDir, id), options),
    ),
    injectFault: asActivity(({ id, index, fault }: InjectFaultInput): Promise<{ at: string }> =>
      untilCancelled(async (signal) => injectFault(await existingSandbox(dataDir, id), index, fault, signal)),
    ),
    takeBackFault: asActivity(({ id, index }: { id: string; index: number }): Promise<void> =>
      withHeartbeat(async () => takeBackFault(await existingSandbox(dataDir, id), index)),
    ),
    /** Names what it could not remove. `processes`: the components of the drill that its host keeps running. */
    removeSandbox: asActivity(
      ({ id, processes = [] }: { id: string; processes?: string[] }): Promise<{ left: string[] }> =>
        withHeartbeat(async () => {
          const left = await removeSandbox(sandboxPlace(dataDir, id));
          await forgetProcesses(dataDir, processes);
          return { left };
        }),
    ),
  };
}
