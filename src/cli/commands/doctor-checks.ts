import { access, constants, mkdir, stat, statfs } from 'node:fs/promises';
import type { Client } from '@temporalio/client';
import type { Hosts } from '../../client/hosts.ts';
import { formatMs } from '../../domain/duration.ts';
import { isRerailError, messageOf } from '../../domain/errors.ts';
import { storeCareId } from '../../domain/wire-names.ts';
import { ensureSearchAttributes, missingSearchAttributes } from '../../embedded/search-attributes.ts';
import { createGitStore } from '../../store/git-store/create-git-store.ts';
import { storeFolder } from '../../store/store-folder.ts';
import { formatBytes } from '../output/render.ts';
import type { Check } from './validate-workspace.ts';

const LEAST_FREE_BYTES = 1024 ** 3;

export async function checkDisk(dataDir: string): Promise<Check> {
  const name = 'data directory';
  try {
    await mkdir(dataDir, { recursive: true });
    await access(dataDir, constants.W_OK);
    const { bavail, bsize } = await statfs(dataDir);
    const free = bavail * bsize;
    if (free < LEAST_FREE_BYTES) {
      return {
        name,
        level: 'warning',
        found: `${dataDir}: only ${formatBytes(free)} free`,
        remedy: 'Free space, or set --data-dir elsewhere; rerail cleanup helps.',
      };
    }
    return { name, level: 'ok', found: `${dataDir}, ${formatBytes(free)} free` };
  } catch (error) {
    return {
      name,
      level: 'error',
      found: `${dataDir}: ${messageOf(error)}`,
      remedy: 'Make it writable, or set --data-dir elsewhere.',
    };
  }
}

export async function checkAttributes(client: Client, namespace: string, fix: boolean): Promise<Check> {
  const name = 'search attributes';
  const operator = client.connection as unknown as Parameters<typeof missingSearchAttributes>[0];
  const missing = await missingSearchAttributes(operator, namespace);
  if (missing.length === 0) return { name, level: 'ok', found: 'all registered' };
  if (fix) {
    await ensureSearchAttributes(operator, namespace);
    return { name, level: 'ok', found: `registered now: ${missing.join(', ')}` };
  }
  return { name, level: 'error', found: `missing: ${missing.join(', ')}`, remedy: 'Run rerail doctor --fix.' };
}

export async function checkPollers(
  client: Client,
  namespace: string,
  queue: string,
  taskQueueType: number,
  what: string,
): Promise<Check & { lastSeen: number[] }> {
  const name = `worker for ${what}`;
  const answer = await client.workflowService.describeTaskQueue({
    namespace,
    taskQueue: { name: queue },
    taskQueueType,
  });
  const lastSeen = (answer.pollers ?? []).map(({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1000);
  if (lastSeen.length > 0) return { name, level: 'ok', found: `${lastSeen.length} on ${queue}`, lastSeen };
  return {
    lastSeen,
    name,
    level: 'warning',
    found: `none on ${queue}`,
    remedy: 'Start one with rerail worker, or everything with rerail up.',
  };
}

/** The private store of checkpoints, as the last care of it has left it. */
export async function checkStore(dataDir: string): Promise<Check> {
  const name = 'checkpoint store';
  const folder = storeFolder(dataDir);
  if (!(await stat(folder).catch(() => undefined))) return { name, level: 'ok', found: 'no checkpoints yet' };
  try {
    const { checkpoints, bytes, quarantinedBytes } = await (await createGitStore({ path: folder })).usage();
    const found = `${checkpoints} checkpoints, ${formatBytes(bytes)}`;
    if (quarantinedBytes === 0) return { name, level: 'ok', found };
    return {
      name,
      level: 'warning',
      found: `${found}, ${formatBytes(quarantinedBytes)} damaged and out of use`,
      remedy: 'Run rerail checkpoint repair; it says what is lost and what is whole again.',
    };
  } catch (error) {
    return {
      name,
      level: 'error',
      found: `${folder}: ${messageOf(error)}`,
      remedy: 'Run rerail checkpoint repair on this host.',
    };
  }
}

/** A host that is drained, or whose work another one has taken over, begins nothing: whoever sits there should know. */
export async function checkHost(hosts: Pick<Hosts, 'requireAccepting'>, host: string): Promise<Check> {
  const name = `host ${host}`;
  try {
    await hosts.requireAccepting(host);
    return { name, level: 'ok', found: 'takes work' };
  } catch (error) {
    if (!isRerailError(error) || (error.code !== 'host-drained' && error.code !== 'host-failed-over')) throw error;
    return { name, level: 'warning', found: error.message, ...(error.remedy ? { remedy: error.remedy } : {}) };
  }
}

const CARE_WITHIN_MS = 2 * 24 * 60 * 60 * 1000;

/** Damage that nobody looks for is found on the day of the restore. */
export async function checkCare(client: Client, host: string): Promise<Check> {
  const name = 'care of the store';
  // The schedule adds the time to the id.
  const query = `WorkflowId STARTS_WITH '${storeCareId(host)}' AND ExecutionStatus = 'Completed'`;
  for await (const { closeTime } of client.workflow.list({ query, pageSize: 1 })) {
    if (!closeTime) continue;
    const age = Date.now() - closeTime.getTime();
    const found = `last one ${formatMs(age)} ago`;
    if (age < CARE_WITHIN_MS) return { name, level: 'ok', found };
    return { name, level: 'warning', found, remedy: 'Run rerail checkpoint schedule --when daily.' };
  }
  return { name, level: 'ok', found: 'none yet; it runs every night where a worker runs' };
}

/** What a clock may be ahead or behind before deadlines and approvals get confused. */
const SKEW_MS = 5000;
/** A poll is renewed well within this time. */
const POLL_MS = 3 * 60_000;

/** By the moments at which the server has seen workers, which are of its own clock. */
export function checkClock(lastSeen: readonly number[], now: number): Check {
  const name = 'clock';
  if (lastSeen.length === 0) return { name, level: 'ok', found: 'not compared: no worker has been seen' };
  const ahead = Math.max(...lastSeen) - now;
  const remedy = 'Set the clock of this machine, and keep it set (NTP).';
  if (ahead > SKEW_MS) return { name, level: 'error', found: `at least ${formatMs(ahead)} behind the server`, remedy };
  if (-ahead > POLL_MS)
    return {
      name,
      level: 'warning',
      found: `ahead of the server, or no worker has polled for ${formatMs(-ahead)}`,
      remedy,
    };
  return { name, level: 'ok', found: 'as the server’s' };
}
