import { setMaxListeners } from 'node:events';
import { Client, type Connection } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { createRecoveryClient, type RecoveryClient } from '../client/recovery-client.ts';
import { resolveConnection } from '../config/connection.ts';
import { openConnection } from '../config/open-connection.ts';
import type { Settings } from '../config/settings.ts';
import { startTracing, type Tracing } from '../telemetry/tracing/start-tracing.ts';
import { version } from './version.ts';

/** Undefined where payloads are not encrypted, which costs nothing. Throws `settings-invalid`. */
export async function converterOf({ encryptionKeysFile }: Settings): Promise<DataConverter | undefined> {
  if (encryptionKeysFile === undefined) return undefined;
  const [{ loadKeyring }, { createDataConverter }] = await Promise.all([
    import('../encryption/load-keyring.ts'),
    import('../encryption/create-data-converter.ts'),
  ]);
  return createDataConverter(await loadKeyring(encryptionKeysFile));
}

export interface Connected {
  recoveries: RecoveryClient;
  client: Client;
}

interface OpenClient extends Connected {
  connection: Connection;
  tracing: Tracing | undefined;
  close: () => Promise<void>;
}

/** A client as the settings have it: where the server is, encrypted, traced. Throws `server-unreachable` within 5 s. */
export async function openClient(settings: Settings, component: 'cli' | 'api'): Promise<OpenClient> {
  const resolved = await resolveConnection(settings);
  const dataConverter = await converterOf(settings);
  const connection = await openConnection(resolved);
  const tracing = await startTracing({ component, version });
  const client = new Client({
    connection,
    namespace: resolved.namespace,
    ...(dataConverter ? { dataConverter } : {}),
    ...(tracing ? { interceptors: { workflow: [tracing.clientInterceptor] } } : {}),
  });
  return {
    client,
    connection,
    tracing,
    recoveries: createRecoveryClient({ client, taskQueue: settings.taskQueue, publicUrl: settings.publicUrl }),
    async close() {
      await connection.close();
      await tracing?.close();
    },
  };
}

/** Gives the work a client and closes its connection afterwards. Throws as `openClient` does. */
export async function whileConnected<T>(settings: Settings, work: (connected: Connected) => Promise<T>): Promise<T> {
  const { connection, tracing, close, ...connected } = await openClient(settings, 'cli');
  // Who stops waiting leaves a long poll behind, which would keep the process for another 20 s.
  const done = new AbortController();
  // The client adds a listener with each call and removes none.
  setMaxListeners(0, done.signal);
  try {
    const all = (): Promise<T> => connection.withAbortSignal(done.signal, () => work(connected));
    return await (tracing ? tracing.within('rerail', all) : all());
  } finally {
    done.abort();
    await close();
  }
}
