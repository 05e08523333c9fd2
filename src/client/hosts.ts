import type { Client } from '@temporalio/client';
import { ScheduleNotFoundError } from '@temporalio/client';
import type { CheckpointRecord } from '../domain/checkpoint.ts';
import { RerailError } from '../domain/errors.ts';
import { HostChangeInputSchema } from '../domain/host.schema.ts';
import {
  NO_RECORD,
  SEEN_WITHIN_MS,
  timestampMs,
  type Host,
  type HostChangeInput,
  type HostDetails,
  type HostPoller,
  type HostRecord,
  type HostSubject,
  type HostWorker,
} from '../domain/host.ts';
import { parseInput } from '../domain/parse-input.ts';
import { hostTaskQueue, storeCareId } from '../domain/wire-names.ts';
import { translateError } from './errors.ts';
import type { HostRecords } from './host-records.ts';

export type { Host, HostDetails, HostSubject } from '../domain/host.ts';

interface LedgerView {
  subjects: () => Promise<string[]>;
  list: (subject: string) => Promise<CheckpointRecord[]>;
}

/** Of Temporal's enum TaskQueueType. */
const ACTIVITY_QUEUE = 2;
const PREFIX = storeCareId('');
/** Ledgers asked at the same time. */
const ASKED_AT_ONCE = 20;

function subjectOf(subject: string, records: readonly CheckpointRecord[]): HostSubject {
  const whole = records
    .filter(({ state }) => state === 'complete')
    .toSorted((a, b) => b.createdAt.localeCompare(a.createdAt));
  const copied = whole.find(({ replica, info }) => replica !== undefined && info.type !== 'recovery');
  return {
    subject,
    checkpoints: records.length,
    latest: whole[0]?.info.id ?? null,
    latestAt: whole[0]?.createdAt ?? null,
    latestCopied: copied?.info.id ?? null,
    replicated: whole.some(({ replica }) => replica !== undefined),
  };
}

/** Hosts: workers that have been here, by their records, the care of their stores and who asks for their work (requirement 6.4). */
export function createHosts(client: Client, ledgers: LedgerView, records: HostRecords, now: () => number = Date.now) {
  const { namespace } = client.options;
  const workersOf = async (name: string): Promise<HostPoller[]> => {
    const { pollers } = await client.workflowService.describeTaskQueue({
      namespace,
      taskQueue: { name: hostTaskQueue(name) },
      taskQueueType: ACTIVITY_QUEUE,
    });
    return pollers
      .map(({ identity, lastAccessTime }) => ({
        identity: identity ?? '',
        lastSeenAt: new Date(timestampMs(lastAccessTime)).toISOString(),
      }))
      .sort((a, b) => b.lastSeenAt.localeCompare(a.lastSeenAt));
  };
  const careOf = async (name: string): Promise<Host['care']> => {
    try {
      const { state } = await client.schedule.getHandle(storeCareId(name)).describe();
      return state.paused ? 'off' : 'on';
    } catch (error) {
      if (error instanceof ScheduleNotFoundError) return 'none';
      throw error;
    }
  };
  const look = async (name: string, care: Host['care'], record: HostRecord = NO_RECORD): Promise<Host> => {
    const workers = await workersOf(name);
    const lastSeenAt = workers[0]?.lastSeenAt ?? null;
    const isUp = lastSeenAt !== null && now() - Date.parse(lastSeenAt) < SEEN_WITHIN_MS;
    const { worker, drained, failedOver } = record;
    return {
      ...{ name, taskQueue: hostTaskQueue(name), state: isUp ? 'up' : 'away', lastSeenAt, workers, care },
      ...{ worker, drained, failedOver },
    };
  };
  const find = async (name: string): Promise<Host> => {
    const [care, record] = await Promise.all([careOf(name), records.read(name)]);
    const host = await look(name, care, record);
    if (host.care !== 'none' || host.workers.length > 0 || record) return host;
    throw new RerailError('host-not-found', `no worker of a host ${JSON.stringify(name)} was ever here`, {
      remedy: 'List them with `rerail host list`.',
      nonRetryable: true,
    });
  };
  const guarded = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw translateError(error, what);
    }
  };
  const subjectsOf = async (name: string): Promise<HostSubject[]> => {
    const all = await ledgers.subjects();
    const found: HostSubject[] = [];
    for (let from = 0; from < all.length; from += ASKED_AT_ONCE) {
      const asked = all.slice(from, from + ASKED_AT_ONCE).map(async (subject) => {
        const mine = (await ledgers.list(subject)).filter((record) => record.host === name);
        return mine.length > 0 ? [subjectOf(subject, mine)] : [];
      });
      found.push(...(await Promise.all(asked)).flat());
    }
    return found;
  };
  const change = (name: string, type: 'drain' | 'undrain', input: HostChangeInput): Promise<Host> => {
    const signed = parseInput(HostChangeInputSchema, input, 'the change');
    return guarded(name, async () => {
      const host = await find(name);
      return { ...host, ...(await records.change(name, { type, ...signed })) };
    });
  };

  return {
    /** Those that a worker has ever registered, or whose store is looked after, by name. */
    list: (): Promise<Host[]> =>
      guarded('hosts', async () => {
        const known = await records.list();
        const care = new Map<string, Host['care']>([...known.keys()].map((name) => [name, 'none']));
        for await (const { scheduleId, state } of client.schedule.list())
          if (scheduleId.startsWith(PREFIX)) care.set(scheduleId.slice(PREFIX.length), state.paused ? 'off' : 'on');
        const sorted = [...care].sort(([a], [b]) => a.localeCompare(b));
        return Promise.all(sorted.map(([name, state]) => look(name, state, known.get(name))));
      }),
    /** With the subjects whose checkpoints it has. Throws `host-not-found`. */
    show: (name: string): Promise<HostDetails> =>
      guarded(name, async () => ({ ...(await find(name)), subjects: await subjectsOf(name) })),
    /** Of one host, without its checkpoints. Throws `host-not-found`. */
    find: (name: string): Promise<Host> => guarded(name, () => find(name)),
    /** Whose checkpoints it has; none for a host that nobody knows. */
    subjects: (name: string): Promise<HostSubject[]> => guarded(name, () => subjectsOf(name)),
    /** No new work begins on it: captures, restores, recoveries and runs are refused. What runs ends. Throws `host-not-found`. */
    drain: async (name: string, input: HostChangeInput): Promise<Host> => change(name, 'drain', input),
    /** It takes work again, also when it was drained by a failover. Throws `host-not-found`. */
    undrain: async (name: string, input: HostChangeInput): Promise<Host> => change(name, 'undrain', input),
    /** Throws `host-drained` or `host-failed-over` where no new work may begin on that host. */
    requireAccepting: (name: string): Promise<void> => guarded(name, () => records.requireAccepting(name)),
    /** What a worker says of its host when it starts; the record as it was. */
    register: (name: string, worker: HostWorker): Promise<HostRecord> =>
      guarded(name, async () => {
        await records.register(name, worker);
        return (await records.read(name)) ?? NO_RECORD;
      }),
    /**
     * Takes a host that is gone for good out of the list, with its record and the nightly care of its store. Ledgers and copies
     * stay. Throws `host-not-found`, and `action-not-applicable` for one whose worker is there.
     */
    forget: (name: string): Promise<Host> =>
      guarded(name, async () => {
        const host = await find(name);
        if (host.state === 'up')
          throw new RerailError('action-not-applicable', `host ${name} is up: ${host.workers[0]?.identity ?? ''}`, {
            remedy: `Stop its worker, and try it again ${SEEN_WITHIN_MS / 1000} seconds later.`,
            nonRetryable: true,
          });
        if (host.care !== 'none') await client.schedule.getHandle(storeCareId(name)).delete();
        if (await records.read(name))
          await records.change(name, { type: 'forget', by: 'forget', reason: 'it is gone' });
        return { ...host, care: 'none' };
      }),
  };
}

export type Hosts = ReturnType<typeof createHosts>;
