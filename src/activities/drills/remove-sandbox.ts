import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { messageOf } from '../../domain/errors.ts';
import { takeBackBinding } from './faults/registry.ts';
import { drillsFolder, ownerOf, placeAt, removeFolders, type SandboxPlace } from './sandbox-place.ts';
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

/**
 * Takes away the sandboxes of drills that are over: those that were killed, which no workflow cleans up after. Returns the ids
 * of the drills, and what is left of them.
 */
export async function sweepSandboxes(
  dataDir: string,
  isOpen: (drill: { workflowId: string; runId: string }) => Promise<boolean>,
): Promise<{ removed: string[]; left: string[] }> {
  const folder = drillsFolder(dataDir);
  const done = { removed: [] as string[], left: [] as string[] };
  for (const name of await readdir(folder).catch(() => [])) {
    const place = placeAt(path.join(folder, name));
    const id = await ownerOf(place);
    const cut = id.lastIndexOf('/');
    if (cut < 0 || (await isOpen({ workflowId: id.slice(0, cut), runId: id.slice(cut + 1) }))) continue;
    done.left.push(...(await removeSandbox(place)));
    done.removed.push(id);
  }
  return done;
}
