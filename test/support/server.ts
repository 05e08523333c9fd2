import { Client, Connection } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { inject } from 'vitest';

/** For `Worker.create({ workflowBundle })`. */
export function workflowBundle(): { codePath: string } {
  const codePath = inject('workflowBundlePath');
  if (codePath === '') throw new Error('src/workflows/index.ts does not exist, so there is no workflow bundle');
  return { codePath };
}

export interface TestConnections {
  client: Client;
  nativeConnection: NativeConnection;
  close: () => Promise<void>;
}

/** Connections to the server that all suites of a run share. */
export async function connectToTestServer(): Promise<TestConnections> {
  const address = inject('serverAddress');
  const connection = await Connection.connect({ address });
  const nativeConnection = await NativeConnection.connect({ address });
  return {
    client: new Client({ connection }),
    nativeConnection,
    close: async () => {
      await connection.close();
      await nativeConnection.close();
    },
  };
}
