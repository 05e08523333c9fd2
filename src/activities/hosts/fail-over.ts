import path from 'node:path';
import { isRerailError, RerailError } from '../../domain/errors.ts';
import {
  SEEN_WITHIN_MS,
  type FailOverInput,
  type Host,
  type HostSubject,
  type MovedSubject,
} from '../../domain/host.ts';
import type { Fleet } from './fleet.ts';

export interface FailedOverHost {
  /** The lost host works again: nothing was moved. */
  back: boolean;
  to: string;
  moved: MovedSubject[];
  /** What stays lost until the host is back, and why. */
  left: { subject: string; reason: string }[];
}

export interface FailOverKeys {
  /** Names the recovery. */
  execution: string;
  /** When it began, by the server's clock. Milliseconds. */
  startedAt: number;
  /** The same for the same words, in the form of a checkpoint's id. */
  idOf: (words: string) => string;
}

const impossible = (message: string, remedy: string): RerailError =>
  new RerailError('failover-impossible', message, { remedy, nonRetryable: true });

/** Whoever has asked for its work since then is alive; what Temporal remembers from before says nothing. */
export const isBack = ({ lastSeenAt }: Pick<Host, 'lastSeenAt'>, since: number): boolean =>
  lastSeenAt !== null && Date.parse(lastSeenAt) > since;

async function requireReady(to: string, { hosts }: Fleet): Promise<void> {
  const found = await hosts.find(to).catch((error: unknown) => {
    if (isRerailError(error) && error.code === 'host-not-found') return undefined;
    throw error;
  });
  if (found?.state !== 'up') {
    const seen = found?.lastSeenAt ? `since ${found.lastSeenAt}` : `for ${SEEN_WITHIN_MS / 1000} s`;
    throw impossible(`host ${to}, which is to take over, has not asked for work ${seen}`, `Start the worker of ${to}.`);
  }
  if (found.drained ?? found.failedOver)
    throw impossible(
      `host ${to}, which is to take over, takes no new work`,
      `Name another host in spec.host.failover.to, or: rerail host undrain ${to} --reason "…".`,
    );
}

/** Where each subject goes; those that cannot go anywhere are named with the reason. */
export function planFailover(
  { failover }: FailOverInput,
  subjects: readonly HostSubject[],
  idOf: FailOverKeys['idOf'],
): Pick<FailedOverHost, 'moved' | 'left'> {
  const roots = new Map(failover.subjects.map(({ subject, root }) => [subject, root]));
  const moved: MovedSubject[] = [];
  const left: FailedOverHost['left'] = [];
  for (const { subject, latestCopied } of subjects) {
    const root = roots.get(subject) ?? (failover.root === undefined ? undefined : path.join(failover.root, subject));
    if (root === undefined) left.push({ subject, reason: 'the definition gives it no directory' });
    else if (latestCopied === null) left.push({ subject, reason: 'no whole checkpoint of it has a copy elsewhere' });
    else moved.push({ subject, checkpointId: latestCopied, root, backupId: idOf(`backup ${subject}`) });
  }
  for (const { subject } of failover.subjects)
    if (!subjects.some((one) => one.subject === subject))
      left.push({ subject, reason: 'the host has no checkpoint of it' });
  return { moved, left };
}

/**
 * Restores what a lost host had on another one, from the replica. The host's record says so before anything is restored, so that
 * a host that comes back in the middle knows it. The same recovery again goes on where it was. Throws `failover-impossible` where
 * nothing can be moved, with nothing changed.
 */
export async function failOverHost(input: FailOverInput, fleet: Fleet, keys: FailOverKeys): Promise<FailedOverHost> {
  const { host, failover } = input;
  const { to } = failover;
  const { hosts, records, checkpoints } = fleet;
  const { execution: recovery } = keys;
  if (to === host)
    throw impossible(`host ${host} cannot take over from itself`, 'Name another host in spec.host.failover.to.');
  const present = await hosts.find(host);
  if (isBack(present, keys.startedAt) && present.failedOver?.recovery !== recovery)
    return { back: true, to, moved: [], left: [] };
  await requireReady(to, fleet);
  const { moved, left } = planFailover(input, await hosts.subjects(host), keys.idOf);
  if (moved.length === 0) {
    const why = left.map(({ subject, reason }) => `${subject}: ${reason}`).join('; ');
    throw impossible(
      `nothing of host ${host} can be restored on ${to}: ${why === '' ? 'it has no checkpoints' : why}`,
      'Bring the host back, or restore by hand what the report names.',
    );
  }
  const note = (state: 'begun' | 'done') =>
    records.change(host, {
      ...{ type: 'failOver', by: recovery, reason: `${host} is lost` },
      failedOver: { to, recovery, state },
      moved,
    });
  await note('begun');
  for (const { subject, checkpointId, root, backupId } of moved)
    await checkpoints.restore(subject, checkpointId, recovery, {}, { host: to, root, backupId });
  await note('done');
  return { back: false, to, moved, left };
}

/** Puts back what the failover of this recovery has replaced, and lets the host take work again. Again: nothing more. */
export async function undoFailOver(
  host: string,
  { records, checkpoints }: Fleet,
  { execution, idOf }: Pick<FailOverKeys, 'execution' | 'idOf'>,
): Promise<{ undone: string[] }> {
  if ((await records.read(host))?.failedOver?.recovery !== execution) return { undone: [] };
  const { failedOver, moved } = await records.state(host);
  if (failedOver?.recovery !== execution) return { undone: [] };
  const undone: string[] = [];
  for (const { subject, root, backupId } of moved.toReversed()) {
    const known = await checkpoints.list(subject);
    // Without its backup it was not restored.
    if (!known.some(({ info }) => info.id === backupId)) continue;
    const place = { host: failedOver.to, root, backupId: idOf(`undo ${subject}`) };
    await checkpoints.restore(subject, backupId, execution, {}, place);
    undone.push(subject);
  }
  await records.change(host, { type: 'takeBack', by: execution, reason: 'the failover is undone' });
  return { undone };
}
