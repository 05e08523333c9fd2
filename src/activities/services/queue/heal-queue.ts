import type { Redis } from 'ioredis';
import { toMs } from '../../../domain/duration.ts';
import type { QueueService } from '../../../domain/service.schema.ts';
import { awaitCache, withCache } from '../open-redis.ts';
import { refused, shorten, unhealthy } from '../service-context.ts';

interface Pending {
  id: string;
  consumer: string;
  idleMs: number;
  deliveries: number;
}

export interface HealedQueue {
  /** Given to living consumers. */
  claimed: number;
  /** Moved to the dead-letter stream; the first of them. */
  poisoned: { count: number; entries: { id: string; deliveries: number }[] };
  /** Pending entries whose content was removed from the stream before; their marks are gone now. */
  vanished: number;
  left: number;
}

const PAGE = 500;

const idOf = (id: string): [bigint, bigint] => {
  const [ms = '0', seq = '0'] = id.split('-');
  return [BigInt(ms), BigInt(seq)];
};
const after = (id: string): string => {
  const [ms, seq] = idOf(id);
  return `${ms}-${seq + 1n}`;
};

/** Held by silent consumers, oldest first. */
async function pendingOf(client: Redis, { stream, group, deadAfter }: QueueService, max: number): Promise<Pending[]> {
  const found: Pending[] = [];
  let from = '-';
  while (found.length < max) {
    const count = Math.min(PAGE, max - found.length);
    const answer = await client.xpending(stream, group, 'IDLE', toMs(deadAfter), from, '+', count);
    const rows = answer as [string, string, number, number][];
    found.push(...rows.map(([id, consumer, idleMs, deliveries]) => ({ id, consumer, idleMs, deliveries })));
    const last = rows.at(-1);
    if (!last || rows.length < count) break;
    from = after(last[0]);
  }
  return found;
}

/** Answers of XINFO are lists of names and values by turns. */
async function livingConsumers(client: Redis, { stream, group, deadAfter }: QueueService): Promise<string[]> {
  const answer = (await client.xinfo('CONSUMERS', stream, group)) as unknown[][];
  return answer.flatMap((list) => {
    const field = (name: string): unknown => list[list.indexOf(name) + 1];
    return Number(field('idle')) < toMs(deadAfter) ? [String(field('name'))] : [];
  });
}

/** Copy, note and acknowledgement in one go: at no time is it nowhere, and done twice it is moved once. */
const BURY = `
  local pending = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[2], ARGV[2], 1)
  if #pending == 0 then return 0 end
  local found = redis.call('XRANGE', KEYS[1], ARGV[2], ARGV[2])
  if #found == 0 then
    redis.call('XACK', KEYS[1], ARGV[1], ARGV[2])
    return 2
  end
  local fields = found[1][2]
  for _, word in ipairs({'rerail:id', ARGV[2], 'rerail:stream', KEYS[1], 'rerail:group', ARGV[1], 'rerail:consumer',
      pending[1][2], 'rerail:deliveries', tostring(pending[1][4]), 'rerail:reason', ARGV[3], 'rerail:recovery', ARGV[4]}) do
    table.insert(fields, word)
  end
  redis.call('XADD', KEYS[2], '*', unpack(fields))
  redis.call('XACK', KEYS[1], ARGV[1], ARGV[2])
  return 1`;

/** The mark comes back as it was; where the entry has been trimmed meanwhile, a copy of it is added. */
const RAISE = `
  local found = redis.call('XRANGE', KEYS[1], ARGV[2], ARGV[2])
  if #found > 0 then
    redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[3], 0, ARGV[2], 'RETRYCOUNT', ARGV[4], 'FORCE', 'JUSTID')
  else
    redis.call('XADD', KEYS[1], '*', unpack(ARGV, 6))
  end
  redis.call('XDEL', KEYS[2], ARGV[5])
  return 1`;

/**
 * Gives entries of silent consumers to living ones, and moves those that were delivered too often to the dead-letter stream
 * (requirement 6.2); nothing is lost. Undo: {@link undoHealQueue} for the second; the first needs none. Throws
 * `service-refused` with nothing changed, `provider-failed`.
 */
export async function healQueue(
  spec: QueueService,
  { execution, signal }: { execution: string; signal: AbortSignal },
): Promise<HealedQueue> {
  const { stream, group, poison, deadAfter, max } = spec;
  if (poison?.deadLetter === stream)
    throw refused(
      'the dead-letter stream is the stream itself',
      'Name another one in service.queue.poison.deadLetter.',
    );
  await awaitCache(spec, signal);
  return withCache(spec, signal, async (client) => {
    const living = spec.claimTo === undefined ? await livingConsumers(client, spec) : [spec.claimTo];
    const pending = await pendingOf(client, spec, max);
    const isPoison = ({ deliveries }: Pending): boolean => poison !== undefined && deliveries > poison.maxDeliveries;
    const bad = pending.filter(isPoison);
    const stuck = pending.filter((entry) => !isPoison(entry));
    if (stuck.length > 0 && living.length === 0) {
      throw refused(
        `no consumer of group ${group} is alive that could take ${stuck.length} entries`,
        'Start a consumer, or name one in service.queue.claimTo.',
      );
    }
    let [vanished, claimed] = [0, 0];
    const moved: Pending[] = [];
    for (const entry of bad) {
      const reason = `delivered ${entry.deliveries} times, more than ${poison?.maxDeliveries}`;
      const done = await client.eval(BURY, 2, stream, poison?.deadLetter ?? '', group, entry.id, reason, execution);
      if (done === 1) moved.push(entry);
      if (done === 2) vanished += 1;
    }
    for (const [index, { id }] of stuck.entries()) {
      const consumer = living[index % living.length] ?? '';
      // By idle time: one that its consumer has taken up again meanwhile stays there. The count of deliveries is kept.
      const taken = (await client.xclaim(stream, group, consumer, toMs(deadAfter), id, 'JUSTID')) as string[];
      claimed += taken.length;
      if (taken.length === 0 && (await client.xrange(stream, id, id)).length === 0) vanished += 1;
    }
    const left = (await pendingOf(client, spec, max)).length;
    return {
      claimed,
      poisoned: { count: moved.length, entries: shorten(moved.map(({ id, deliveries }) => ({ id, deliveries }))) },
      vanished,
      left,
    };
  });
}

/** Moves what this recovery has buried back to where it was pending. */
export async function undoHealQueue(
  spec: QueueService,
  { execution, signal }: { execution: string; signal: AbortSignal },
): Promise<{ movedBack: number }> {
  const { stream, group, poison } = spec;
  if (!poison) return { movedBack: 0 };
  await awaitCache(spec, signal);
  return withCache(spec, signal, async (client) => {
    let movedBack = 0;
    let from = '-';
    for (;;) {
      const page = await client.xrange(poison.deadLetter, from, '+', 'COUNT', PAGE);
      for (const [buried, list] of page) {
        const told = (name: string): string | undefined => {
          const at = list.lastIndexOf(name);
          return at < 0 ? undefined : list[at + 1];
        };
        if (told('rerail:recovery') !== execution || told('rerail:stream') !== stream) continue;
        const own = list.slice(0, list.lastIndexOf('rerail:id'));
        const back = [group, told('rerail:id') ?? '', told('rerail:consumer') ?? '', told('rerail:deliveries') ?? '1'];
        await client.eval(RAISE, 2, stream, poison.deadLetter, ...back, buried, ...own);
        movedBack += 1;
      }
      const last = page.at(-1);
      if (!last || page.length < PAGE) return { movedBack };
      from = after(last[0]);
    }
  });
}

export interface QueueReading {
  healthy: boolean;
  observed: string;
}

/** Changes nothing: is anything held by a silent consumer? */
export async function checkQueue(spec: QueueService, signal: AbortSignal): Promise<QueueReading> {
  await awaitCache(spec, signal);
  return withCache(spec, signal, async (client) => {
    const count = (await pendingOf(client, spec, spec.max)).length;
    return { healthy: count === 0, observed: `${count} entries are held by consumers that are silent` };
  });
}

/** The same as proof. Throws `service-unhealthy`. */
export async function verifyQueue(spec: QueueService, signal: AbortSignal): Promise<QueueReading> {
  const reading = await checkQueue(spec, signal);
  if (reading.healthy) return reading;
  throw unhealthy(`the queue ${spec.stream} is not well: ${reading.observed}`);
}
