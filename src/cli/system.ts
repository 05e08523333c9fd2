import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { resolveConnection } from '../config/connection.ts';
import type { Settings } from '../config/settings.ts';
import { RerailError } from '../domain/errors.ts';
import { findServer } from '../embedded/find-server.ts';
import { keepServer, type KeptServer } from '../embedded/keep-server.ts';
import { startServer, type RunningServer } from '../embedded/start-server.ts';

const MAIN = fileURLToPath(new URL('./main.js', import.meta.url));
const READY_WITHIN_MS = 60_000;
const RESTART_AFTER_MS = 1000;
/** Restarts in a row without ever becoming ready, after which it is a fault of the set-up. */
const MAX_FAILED_STARTS = 3;

export interface WorkerProcess {
  pid: () => number | undefined;
  /** SIGKILL, as a test of what users fear. It is started again by itself. */
  kill: () => void;
  ready: () => Promise<void>;
  stop: () => Promise<void>;
}

function environmentOf(settings: Settings, address: string, namespace: string): NodeJS.ProcessEnv {
  return {
    ...process.env,
    RERAIL_ADDRESS: address,
    RERAIL_NAMESPACE: namespace,
    RERAIL_DATA_DIR: settings.dataDir,
    RERAIL_HOST: settings.host,
    RERAIL_TASK_QUEUE: settings.taskQueue,
    RERAIL_LOG_LEVEL: settings.logLevel,
    ...(settings.playbooksDir.length > 0 ? { RERAIL_PLAYBOOKS_DIR: settings.playbooksDir.join(':') } : {}),
  };
}

/** A worker in a process of its own, started again when it dies; it ends by itself when this process dies. */
export function superviseWorker(
  settings: Settings,
  address: string,
  namespace: string,
  say: (line: string) => void,
): WorkerProcess {
  let child: ChildProcess;
  let stopping = false;
  let failedStarts = 0;
  let ready: Promise<void>;
  let restart: NodeJS.Timeout | undefined;

  const start = (): void => {
    const started = fork(MAIN, ['worker'], {
      env: environmentOf(settings, address, namespace),
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    child = started;
    let wasReady = false;
    ready = new Promise((resolve, reject) => {
      const limit = setTimeout(() => reject(notReady('was not ready in time')), READY_WITHIN_MS);
      started.once('message', () => {
        wasReady = true;
        failedStarts = 0;
        clearTimeout(limit);
        resolve();
      });
      started.once('exit', (code, signal) => {
        clearTimeout(limit);
        reject(notReady(`ended with ${signal ?? `code ${code}`}`));
        if (stopping) return;
        failedStarts = wasReady ? 0 : failedStarts + 1;
        if (failedStarts >= MAX_FAILED_STARTS) {
          say(`The worker does not start; its last words are above.`);
          return;
        }
        say(`The worker (pid ${started.pid}) ended with ${signal ?? `code ${code}`} and is started again.`);
        restart = setTimeout(start, RESTART_AFTER_MS);
      });
    });
    ready.catch(() => undefined);
  };
  start();

  return {
    pid: () => child.pid,
    kill: () => void child.kill('SIGKILL'),
    async ready() {
      for (let failure: unknown; ;) {
        const present = ready;
        try {
          return await present;
        } catch (error) {
          failure = error;
        }
        if (stopping || failedStarts >= MAX_FAILED_STARTS) throw failure;
        // Its successor is on the way.
        while (ready === present && failedStarts < MAX_FAILED_STARTS)
          await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
    async stop() {
      stopping = true;
      clearTimeout(restart);
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      const force = setTimeout(() => child.kill('SIGKILL'), 20_000);
      await ended;
      clearTimeout(force);
    },
  };
}

const notReady = (why: string): RerailError =>
  new RerailError('setup-failed', `the worker ${why}`, {
    remedy: 'See its last lines above; `rerail doctor` checks the set-up.',
  });

export interface System {
  address: string;
  uiAddress: string | undefined;
  namespace: string;
  /** A server that was there before is left running. */
  ownsServer: boolean;
  worker: WorkerProcess;
  stop: () => Promise<void>;
}

export interface StartSystemOptions {
  settings: Settings;
  fresh: boolean;
  say: (line: string) => void;
}

/** A Temporal server, found or started, and a worker on it. */
export async function startSystem({ settings, fresh, say }: StartSystemOptions): Promise<System> {
  const given = await resolveConnection(settings);
  const foreign = given.origin === 'address' || given.origin === 'profile';
  const server = foreign ? undefined : await startEmbedded(settings, fresh, say);
  const address = server?.address ?? given.connectionOptions.address ?? '127.0.0.1:7233';
  if (foreign) say(`Using the Temporal server at ${address}.`);
  const worker = superviseWorker(settings, address, given.namespace, say);
  const ownsServer = server !== undefined && !server.joined;
  const stop = async (): Promise<void> => {
    await worker.stop();
    await server?.kept?.stop();
    if (ownsServer) await server.stop();
  };
  try {
    await worker.ready();
  } catch (error) {
    await stop();
    throw error;
  }
  return { address, uiAddress: server?.uiAddress, namespace: given.namespace, ownsServer, worker, stop };
}

/** One that others have started is theirs to keep. */
async function startEmbedded(
  settings: Settings,
  fresh: boolean,
  say: (line: string) => void,
): Promise<RunningServer & { kept?: KeptServer }> {
  const binary = await findServer({ cacheDir: settings.cacheDir, onProgress: say });
  const options = {
    dataDir: settings.dataDir,
    binary: binary.path,
    version: binary.version,
    port: settings.serverPort,
    uiPort: settings.uiPort,
    lifetime: 'with-parent' as const,
    fresh,
    onNotice: say,
  };
  const server = await startServer(options);
  if (!server.joined) return { ...server, kept: keepServer(server, options) };
  say(`Using the Temporal server that runs already (pid ${server.pid}).`);
  return server;
}
