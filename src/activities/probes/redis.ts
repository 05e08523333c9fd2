import { isRerailError } from '../../domain/errors.ts';
import { toMs } from '../../domain/duration.ts';
import type { Probe } from '../../domain/probe.ts';
import { redisAddressOf, withRedis, type RedisServer } from '../providers/redis/connection.ts';
import { judge, type Limit, type Look, type LookAt, type LookOptions } from './look.ts';

type Address = Pick<NonNullable<Probe['redis']>, 'host' | 'port' | 'db' | 'username' | 'passwordFrom' | 'tls'>;

const failed = (observed: string, failureType: NonNullable<Look['failureType']> = 'cache'): Look => ({
  passed: false,
  observed,
  failureType,
});

async function connected(
  address: Address,
  { timeoutMs, signal }: LookOptions,
  work: (client: RedisServer['client']) => Promise<Look>,
): Promise<Look> {
  try {
    const limits = { connectTimeoutMs: timeoutMs, timeoutMs, signal };
    return await withRedis(redisAddressOf(address), limits, ({ client }) => work(client));
  } catch (error) {
    if (isRerailError(error)) return failed(error.message);
    throw error;
  }
}

const since = (started: number): Limit => ({ what: 'answered in', value: Date.now() - started, unit: 'ms' });

export const lookAtRedis: LookAt<'redis'> = (spec, options) => {
  const started = Date.now();
  const { key, maxMemoryBytes } = spec;
  return connected(spec, options, async (client) => {
    const answer: string = await client.ping();
    if (answer !== 'PONG') return failed(`PING was answered with ${JSON.stringify(answer.slice(0, 50))}`);
    if (key !== undefined && (await client.exists(key)) === 0) return failed(`there is no key ${JSON.stringify(key)}`);
    if (maxMemoryBytes === undefined) return judge([since(started)], 'cache');
    const used = Number(/^used_memory:(\d+)/m.exec(await client.info('memory'))?.[1] ?? Number.NaN);
    if (Number.isNaN(used)) return failed('INFO memory names no used_memory');
    return judge([{ what: 'memory used', value: used, unit: 'bytes', max: maxMemoryBytes }, since(started)], 'cache');
  });
};

/** Answers of XINFO are lists of names and values by turns. */
function fieldsOf(answer: unknown): Record<string, unknown> {
  const list = answer as unknown[];
  return Object.fromEntries(
    Array.from({ length: Math.floor(list.length / 2) }, (_, i) => [String(list[2 * i]), list[2 * i + 1]]),
  );
}

/** Milliseconds since the oldest entry that was given out was added; entries are named by the server's clock. */
async function oldestPending(client: RedisServer['client'], stream: string, group: string): Promise<number> {
  const [[pending], [seconds]] = await Promise.all([
    client.xpending(stream, group, '-', '+', 1) as Promise<[[string]?]>,
    client.time(),
  ]);
  if (pending === undefined) return 0;
  return Math.max(0, Number(seconds) * 1000 - Number(pending[0].split('-')[0]));
}

export const lookAtQueue: LookAt<'queue'> = (spec, options) => {
  const { stream, group, maxLength, maxLag, maxPendingAge } = spec;
  return connected(spec, options, async (client) => {
    const type = await client.type(stream);
    if (type !== 'stream')
      return failed(type === 'none' ? `there is no stream ${stream}` : `${stream} is a ${type}`, 'integration');
    const limits: Limit[] = [{ what: 'length', value: await client.xlen(stream), unit: 'entries', max: maxLength }];
    if (group !== undefined) {
      const groups = ((await client.xinfo('GROUPS', stream)) as unknown[]).map(fieldsOf);
      const found = groups.find(({ name }) => name === group);
      if (!found) return failed(`stream ${stream} has no group ${group}`, 'integration');
      if (maxLag !== undefined) {
        const lag = found['lag'];
        // Redis before 7 does not count it, and later ones lose count when entries are deleted.
        if (typeof lag !== 'number') return failed(`the server does not know the lag of group ${group}`, 'integration');
        limits.push({ what: 'lag', value: lag, unit: 'entries', max: maxLag });
      }
      if (maxPendingAge !== undefined) {
        const age = await oldestPending(client, stream, group);
        limits.push({ what: 'oldest pending', value: age, unit: 'ms', max: toMs(maxPendingAge) });
      }
    }
    return judge(limits, 'performance');
  });
};
