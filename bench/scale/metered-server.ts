import { findServer } from '../../src/embedded/find-server.ts';
import { launchServer } from '../../src/embedded/launch-server.ts';
import { stopWithParent } from '../../src/embedded/parent-watch.ts';
import { findFreePort } from '../../src/embedded/ports.ts';
import { LOOPBACK } from '../../src/embedded/server-flags.ts';
import { databaseFile, logFile } from '../../src/embedded/server-state.ts';
import { endProcess } from '../../src/embedded/stop-server.ts';
import { registerSearchAttributes, waitUntilReady } from '../../src/embedded/wait-until-ready.ts';

export interface MeteredServer {
  pid: number;
  address: string;
  version: string;
  dbFile: string;
  metricsPort: number;
  stop: () => Promise<void>;
}

/** The embedded server with its own metrics, on a new database; it ends with this process, however that one ends. */
export async function startMeteredServer(dataDir: string): Promise<MeteredServer> {
  const binary = await findServer({ onProgress: (line) => process.stderr.write(`${line}\n`) });
  const port = await findFreePort();
  const metricsPort = await findFreePort(0, [port]);
  const dbFile = databaseFile(dataDir);
  const launched = await launchServer(binary.path, { port, metricsPort, dbFile }, logFile(dataDir));
  stopWithParent(launched);
  const address = `${LOOPBACK}:${String(port)}`;
  if (!(await waitUntilReady(address, () => !launched.hasEnded(), 60_000)))
    throw new Error(`the server did not start: ${await launched.readLog()}`);
  await registerSearchAttributes(address);
  return {
    pid: launched.pid,
    address,
    version: binary.version,
    dbFile,
    metricsPort,
    stop: () => endProcess(launched),
  };
}
