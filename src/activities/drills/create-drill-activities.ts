import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { glob } from 'tinyglobby';
import type { DrillFault, DrillSpec, SandboxItem } from '../../domain/drill.ts';
import { digestFile } from '../../store/digest-file.ts';
import { asActivity } from '../support/as-activity.ts';
import { withHeartbeat } from '../support/with-heartbeat.ts';
import { git } from './faults/git-program.ts';
import { injectFault, takeBackFault } from './faults/registry.ts';
import { forgetProcesses, removeSandbox } from './remove-sandbox.ts';
import { mountDisks } from './sandbox-disks.ts';
import { existingSandbox, openSandbox, sandboxPlace, type SandboxPlace } from './sandbox-place.ts';
import { choosePorts, type Ports } from './sandbox-ports.ts';
import { RERAIL } from './rerail-program.ts';
import { startAll } from './start-all.ts';
import type { TemporalServer } from './sandbox-temporal.ts';

export interface PrepareSandboxInput {
  /** Of the drill: workflow and run. */
  id: string;
  sandbox: DrillSpec['sandbox'];
}

export interface PreparedSandbox {
  path: string;
  /** What templates may speak of besides. */
  inputs?: { ports: Ports; secrets: string; socket: string; rerail: string };
}

export interface InjectFaultInput {
  id: string;
  /** Its place in the drill. */
  index: number;
  fault: DrillFault;
}

async function listItems({ work }: SandboxPlace): Promise<SandboxItem[]> {
  const files = await glob('**/*', { cwd: work, dot: true, ignore: ['.git/**'], followSymbolicLinks: false });
  return Promise.all(
    files.sort().map(async (name) => ({ path: name, sha256: (await digestFile(path.join(work, name))).sha256 })),
  );
}

async function initRepository({ work }: SandboxPlace): Promise<void> {
  await git(work, ['init', '--quiet', '--initial-branch', 'main', '.']);
  await git(work, ['add', '--all', '.']);
  await git(work, ['commit', '--quiet', '--allow-empty', '--message', 'as it should be']);
}

export interface DrillDeps {
  dataDir: string;
  /** Absent: drills that need one say nothing. */
  temporalServer?: TemporalServer;
}

/** What a drill does on its host. It makes a sandbox, breaks what is in it, and takes all of it away again. */
export function createDrillActivities({ dataDir, temporalServer }: DrillDeps) {
  return {
    /** May be repeated: a second try makes the same again. */
    prepareSandbox: asActivity(async ({ id, sandbox }: PrepareSandboxInput): Promise<PreparedSandbox> => {
      const place = await openSandbox(dataDir, id);
      const { work, secrets, socket } = place;
      await mountDisks(place, sandbox);
      for (const [name, content] of Object.entries(sandbox.files)) {
        const file = path.join(work, name);
        await mkdir(path.dirname(file), { recursive: true });
        await writeFile(file, content);
      }
      if (sandbox.git) await initRepository(place);
      const ports = await choosePorts(place, sandbox);
      return { path: work, inputs: { ports, secrets, socket, rerail: RERAIL } };
    }),
    startSandboxProcesses: asActivity(({ id, sandbox }: PrepareSandboxInput): Promise<void> =>
      withHeartbeat(async () => startAll(await existingSandbox(dataDir, id), sandbox, temporalServer)),
    ),
    listSandbox: asActivity(async ({ id }: { id: string }): Promise<SandboxItem[]> =>
      listItems(await existingSandbox(dataDir, id)),
    ),
    injectFault: asActivity(({ id, index, fault }: InjectFaultInput): Promise<{ at: string }> =>
      withHeartbeat(async () => {
        await injectFault(await existingSandbox(dataDir, id), index, fault);
        return { at: new Date().toISOString() };
      }),
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
