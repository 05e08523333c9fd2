import { setMaxListeners } from 'node:events';
import { Client } from '@temporalio/client';
import { createRecoveryClient, type RecoveryClient } from '../client/recovery-client.ts';
import { resolveConnection } from '../config/connection.ts';
import { openConnection } from '../config/open-connection.ts';
import type { Settings } from '../config/settings.ts';

export interface Connected {
  recoveries: RecoveryClient;
  client: Client;
}

/** Gives the work a client and closes its connection afterwards. Throws `server-unreachable` within 5 s. */
export async function whileConnected<T>(settings: Settings, work: (connected: Connected) => Promise<T>): Promise<T> {
  const resolved = await resolveConnection(settings);
  const connection = await openConnection(resolved);
  // Who stops waiting leaves a long poll behind, which would keep the process for another 20 s.
  const done = new AbortController();
  // The client adds a listener with each call and removes none.
  setMaxListeners(0, done.signal);
  try {
    const client = new Client({ connection, namespace: resolved.namespace });
    const recoveries = createRecoveryClient({ client, taskQueue: settings.taskQueue });
    return await connection.withAbortSignal(done.signal, () => work({ recoveries, client }));
  } finally {
    done.abort();
    await connection.close();
  }
}
