import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { ensureSearchAttributes } from './search-attributes.ts';
import { LOOPBACK } from './server-flags.ts';

export const DEFAULT_NAMESPACE = 'default';

/** One try; any refusal or delay counts as no. */
export async function answers(address: string, timeoutMs = 2000): Promise<boolean> {
  let connection: Connection | undefined;
  try {
    connection = await Connection.connect({ address, connectTimeout: timeoutMs });
    const { workflowService } = connection;
    await connection.withDeadline(Date.now() + timeoutMs, () =>
      workflowService.describeNamespace({ namespace: DEFAULT_NAMESPACE }),
    );
    return true;
  } catch {
    return false;
  } finally {
    await connection?.close();
  }
}

function accepts(address: string): Promise<boolean> {
  const [host, port] = address.split(':');
  return new Promise((resolve) => {
    const socket = connect({ host: host ?? LOOPBACK, port: Number(port) });
    const done = (accepted: boolean): void => {
      socket.destroy();
      resolve(accepted);
    };
    socket.once('connect', () => done(true)).once('error', () => done(false));
  });
}

/** Waits for the first answer; false when the process ended or the time was up before that. */
export async function waitUntilReady(address: string, isAlive: () => boolean, timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (isAlive() && Date.now() < deadline) {
    // A gRPC channel that was refused once waits a second before it tries again; a bare socket does not.
    if ((await accepts(address)) && (await answers(address))) return true;
    await sleep(20);
  }
  return false;
}

/** A database of an older version of ours may lack attributes that the start flags only give to new namespaces. */
export async function registerSearchAttributes(address: string): Promise<void> {
  const connection = await Connection.connect({ address });
  try {
    await ensureSearchAttributes(connection, DEFAULT_NAMESPACE);
  } finally {
    await connection.close();
  }
}
