import { findServer } from '../../../src/embedded/find-server.ts';
import { isSameProcess } from '../../../src/embedded/process-start.ts';
import { startServer, type RunningServer } from '../../../src/embedded/start-server.ts';
import { until } from '../../support/until.ts';
import { freePorts } from './ports.ts';

/** A Temporal server that can be killed and comes back at the same address with the same data. */
export interface ChaosServer {
  address: string;
  isAlive: () => boolean;
  /** SIGKILL; afterwards nothing listens. */
  kill: () => Promise<void>;
  /** Starts it again on its data. */
  launch: () => Promise<void>;
  stop: () => Promise<void>;
}

function isCollected(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
}

/** The embedded server on a database file. */
export async function startEmbedded(dataDir: string): Promise<ChaosServer> {
  const binary = await findServer({ onProgress: () => undefined });
  const start = (port: number): Promise<RunningServer> =>
    startServer({ dataDir, binary: binary.path, port, uiPort: 'none', lifetime: 'with-parent' });
  const [port = 0] = await freePorts(1);
  let server = await start(port);
  const { address } = server;
  const isAlive = (): boolean => isSameProcess(server);
  return {
    address,
    isAlive,
    async kill() {
      if (isAlive()) process.kill(server.pid, 'SIGKILL');
      // Collected by its parent: a process whose first thread has ended may hold its port for a moment longer.
      await until(() => Promise.resolve(isCollected(server.pid)), 'the end of the server');
    },
    async launch() {
      server = await start(port);
      if (server.address !== address) throw new Error(`the server came back at ${server.address}`);
    },
    stop: () => server.stop(),
  };
}
