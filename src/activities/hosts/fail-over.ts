import path from 'node:path';
import type { CheckpointRecord } from '../../domain/checkpoint.ts';
import { isRerailError, RerailError } from '../../domain/errors.ts';
import {
  SEEN_WITHIN_MS,
  type FailOverInput,
  type Host,
  type HostSubject,
  type MovedSubject,
} from '../../domain/host.ts';
import { selectionOf } from '../../domain/restore-selection.ts';
import type { RestoreOptions, RestoreScope } from '../../domain/rollback.ts';
import { isSessionProvider } from '../sessions/session-names.ts';
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

async function requireReady(to: string, { hosts }: Fleet): Promise<Host> {
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
  return found;
}

/** Where each subject goes; those that cannot go anywhere are named with the reason. */
export function planFailover(
  { failover }: FailOverInput,
  subjects: readonly HostSubject[],
  idOf: FailOverKeys['idOf'],
): Pick<FailedOverHost, 'moved' | 'left'> {
  const places = new Map(failover.subjects.map((place) => [place.subject, place]));
  const moved: MovedSubject[] = [];
  const left: FailedOverHost['left'] = [];
  for (const { subject, latestCopied } of subjects) {
    const place = places.get(subject);
    const root = place?.root ?? (failover.root === undefined ? undefined : path.join(failover.root, subject));
    const providers = place?.providers ?? [];
    if (root === undefined && providers.length === 0)
      left.push({ subject, reason: 'the definition gives it no directory' });
    else if (latestCopied === null) left.push({ subject, reason: 'no whole checkpoint of it has a copy elsewhere' });
    else
      moved.push({
        ...{ subject, checkpointId: latestCopied, backupId: idOf(`backup ${subject}`) },
        ...(root === undefined ? {} : { root }),
        ...(providers.length === 0 ? {} : { providers }),
      });
  }
  for (const { subject } of failover.subjects)
    if (!subjects.some((one) => one.subject === subject))
      left.push({ subject, reason: 'the host has no checkpoint of it' });
  return { moved, left };
}

type Restore = MovedSubject & { options: Partial<RestoreOptions> };

/** Tree and sessions belong together: a subject whose providers cannot be brought back is left whole, and the reason named. */
async function planRestore(
  subject: MovedSubject,
  { name, worker }: Host,
  { checkpoints }: Fleet,
): Promise<Restore | { subject: string; reason: string }> {
  const { checkpointId, providers = [], root } = subject;
  if (providers.length === 0) return { ...subject, options: {} };
  // A worker that has said nothing of itself is tried: the restore refuses what it does not know, and changes nothing.
  const absent = providers.filter(
    (one) => worker !== null && !isSessionProvider(one) && !worker.providers.includes(one),
  );
  if (absent.length > 0) return { ...subject, reason: `host ${name} has no provider ${absent.join(', ')}` };
  const record = (await checkpoints.list(subject.subject)).find(({ info }) => info.id === checkpointId);
  if (!record?.parts.includes('system'))
    return { ...subject, reason: `its newest copy, ${checkpointId}, holds nothing of ${providers.join(', ')}` };
  return { ...subject, options: { scope: scopeOf(record, providers, root !== undefined) } };
}

/** What a restore takes anyway, and these providers. */
const scopeOf = ({ parts }: CheckpointRecord, providers: readonly string[], files: boolean): RestoreScope => ({
  ...Object.fromEntries(
    parts
      .filter((part) => part !== 'git' && part !== 'system' && (files || part !== 'files'))
      .map((part) => [part, true]),
  ),
  system: [...providers],
});

const placeOf = (to: string, { root }: MovedSubject, backupId: string) => ({
  ...{ host: to, backupId },
  ...(root === undefined ? {} : { root }),
});

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
  const heir = await requireReady(to, fleet);
  const { moved, left } = planFailover(input, await hosts.subjects(host), keys.idOf);
  const planned = await Promise.all(moved.map((one) => planRestore(one, heir, fleet)));
  const restores = planned.filter((one) => 'options' in one);
  left.push(...planned.filter((one) => 'reason' in one).map(({ subject, reason }) => ({ subject, reason })));
  if (restores.length === 0) {
    const why = left.map(({ subject, reason }) => `${subject}: ${reason}`).join('; ');
    throw impossible(
      `nothing of host ${host} can be restored on ${to}: ${why === '' ? 'it has no checkpoints' : why}`,
      'Bring the host back, or restore by hand what the report names.',
    );
  }
  const taken = restores.map(({ options: _options, ...one }): MovedSubject => one);
  const note = (state: 'begun' | 'done') =>
    records.change(host, {
      ...{ type: 'failOver', by: recovery, reason: `${host} is lost` },
      failedOver: { to, recovery, state },
      moved: taken,
    });
  await note('begun');
  for (const { options, ...one } of restores)
    await checkpoints.restore(one.subject, one.checkpointId, recovery, options, placeOf(to, one, one.backupId));
  await note('done');
  return { back: false, to, moved: taken, left };
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
  for (const one of moved.toReversed()) {
    const { subject, backupId } = one;
    const backup = (await checkpoints.list(subject)).find(({ info }) => info.id === backupId);
    // Without its backup it was not restored.
    if (!backup) continue;
    const place = placeOf(failedOver.to, one, idOf(`undo ${subject}`));
    await checkpoints.restore(subject, backupId, execution, selectionOf({}, backup), place);
    undone.push(subject);
  }
  await records.change(host, { type: 'takeBack', by: execution, reason: 'the failover is undone' });
  return { undone };
}
