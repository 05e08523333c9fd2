import { connect } from 'node:net';
import { Connection } from '@temporalio/client';
import type { NativeConnection } from '@temporalio/worker';
import { codeOf, messageOf, RerailError } from '../domain/errors.ts';
import type { ResolvedConnection } from './connection.ts';

const OPEN_WITHIN_MS = 5000;

const ORIGINS: Record<ResolvedConnection['origin'], string> = {
  address: 'the address that was given',
  profile: 'TEMPORAL_* or a profile of the temporal CLI',
  embedded: 'the embedded server of this data directory',
  default: 'the default, since no embedded server runs on this data directory',
};

function unreachable({ connectionOptions, origin }: ResolvedConnection, cause: unknown): RerailError {
  const local = origin === 'default' || origin === 'embedded';
  return new RerailError(
    'server-unreachable',
    `no Temporal server answers at ${connectionOptions.address} (${ORIGINS[origin]}): ${messageOf(cause)}`,
    {
      remedy: local
        ? 'Start one with `rerail up`.'
        : 'Check the address and that server, or start one with `rerail up`.',
      cause,
    },
  );
}

const LOOPBACK = /^(127\.\d+\.\d+\.\d+|localhost|\[::1\]):(\d+)$/;

/** gRPC keeps trying where nobody listens, and cannot say so afterwards; on this machine a bare socket tells at once. */
function refusalOf(address: string): Promise<Error | undefined> {
  const [, host, port] = LOOPBACK.exec(address) ?? [];
  if (host === undefined) return Promise.resolve(undefined);
  return new Promise((resolve) => {
    const socket = connect({ host: host.replace(/[[\]]/g, ''), port: Number(port) });
    socket.once('connect', () => {
      socket.destroy();
      resolve(undefined);
    });
    socket.once('error', (error) => resolve(codeOf(error) === 'ECONNREFUSED' ? error : undefined));
  });
}

async function refuseEarly(resolved: ResolvedConnection): Promise<void> {
  const refusal = await refusalOf(resolved.connectionOptions.address);
  if (refusal) throw unreachable(resolved, refusal);
}

async function within<T>(milliseconds: number, opening: Promise<T>, discard: (late: T) => Promise<void>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${milliseconds / 1000} s`)), milliseconds);
  });
  try {
    return await Promise.race([opening, timeout]);
  } catch (error) {
    opening.then(discard).catch(() => undefined);
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

const close = (connection: { close: () => Promise<void> }): Promise<void> => connection.close();

/** A client's connection. */
export async function openConnection(resolved: ResolvedConnection, withinMs = OPEN_WITHIN_MS): Promise<Connection> {
  await refuseEarly(resolved);
  try {
    const opening = Connection.connect({ ...resolved.connectionOptions, connectTimeout: withinMs });
    return await within(withinMs + 250, opening, close);
  } catch (error) {
    throw unreachable(resolved, error);
  }
}

/** A worker's connection, which a client in the same process shares. Loads the native core only when called. */
export async function openNativeConnection(
  resolved: ResolvedConnection,
  withinMs = OPEN_WITHIN_MS,
): Promise<NativeConnection> {
  await refuseEarly(resolved);
  const worker = await import('@temporalio/worker');
  try {
    return await within(withinMs, worker.NativeConnection.connect(resolved.connectionOptions), close);
  } catch (error) {
    throw unreachable(resolved, error);
  }
}
