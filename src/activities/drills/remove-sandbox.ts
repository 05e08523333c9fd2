import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { isComponentOfRun } from '../../domain/drill.ts';
import { messageOf } from '../../domain/errors.ts';
import { takeBackBinding } from './faults/registry.ts';
import { findPlaces, ownerOf, removeBegun, removeFolders, type SandboxPlace } from './sandbox-place.ts';
import { unmountDisks } from './sandbox-disks.ts';
import { endSandboxProcesses } from './sandbox-processes.ts';
import { endTmux } from './sandbox-sessions.ts';

/** Takes all of it away: what it runs, mounts and keeps. Names what it could not. May be repeated. */
export async function removeSandbox(place: SandboxPlace): Promise<string[]> {
  const left = await takeBackBinding(place);
  await endTmux(place);
  left.push(...(await endSandboxProcesses(place)));
  left.push(...(await unmountDisks(place)));
  // A folder under a mount would be emptied with it.
  if (left.length === 0)
    await removeFolders(place).catch((error: unknown) => left.push(`${place.root}: ${messageOf(error)}`));
  return left;
}

/** What the host keeps of supervised processes that a drill has defined. */
export async function forgetProcesses(dataDir: string, names: readonly string[]): Promise<void> {
  for (const name of names) await rm(path.join(dataDir, 'processes', name), { recursive: true, force: true });
}

/** Of a drill that was killed: nobody else knows their names. */
async function forgetProcessesOf(dataDir: string, runId: string): Promise<void> {
  const known = await readdir(path.join(dataDir, 'processes')).catch(() => []);
  await forgetProcesses(
    dataDir,
    known.filter((name) => isComponentOfRun(name, runId)),
  );
}

export interface SweptDrill {
  workflowId: string;
  runId: string;
}

/** Undefined where no drill is known any more: its folder was made, or remade, when nobody looked after it. */
function drillOf(owner: string): SweptDrill | undefined {
  const cut = owner.lastIndexOf('/');
  return cut < 0 ? undefined : { workflowId: owner.slice(0, cut), runId: owner.slice(cut + 1) };
}

/**
 * Takes away the sandboxes of drills that are over: those that were killed, which no workflow cleans up after. Returns the ids
 * of the drills, their folders where no id is known, and what is left of them. One that cannot be taken away keeps no other.
 */
export async function sweepSandboxes(
  dataDir: string,
  isOpen: (drill: SweptDrill) => Promise<boolean>,
): Promise<{ removed: string[]; left: string[] }> {
  const done = { removed: [] as string[], left: [] as string[] };
  await removeBegun(dataDir);
  for (const place of await findPlaces(dataDir)) {
    try {
      const owner = await ownerOf(place);
      const drill = drillOf(owner);
      if (drill && (await isOpen(drill))) continue;
      const left = await removeSandbox(place);
      if (drill) await forgetProcessesOf(dataDir, drill.runId);
      if (left.length > 0) done.left.push(...left);
      else done.removed.push(owner || place.root);
    } catch (error) {
      done.left.push(`${place.root}: ${messageOf(error)}`);
    }
  }
  return done;
}
