import { join } from 'node:path';
import { RerailError } from '../domain/errors.ts';
import { prepareDataDir, removeDatabase } from './data-dir.ts';
import { launchServer } from './launch-server.ts';
import type { LaunchedServer } from './launch-server.ts';
import { withLockFile } from './lock-file.ts';
import { stopWithParent } from './parent-watch.ts';
import { findFreePort } from './ports.ts';
import { isSameProcess } from './process-start.ts';
import { LOOPBACK } from './server-flags.ts';
import { explainServerLog, lastLines } from './server-log.ts';
import { databaseFile, findRunningServer, logFile, writeServerState } from './server-state.ts';
import type { ServerState } from './server-state.ts';
import { endProcess, stopServer } from './stop-server.ts';
import { DEFAULT_NAMESPACE, registerSearchAttributes, waitUntilReady } from './wait-until-ready.ts';

export interface StartServerOptions {
  /** Holds the database, the log and the state file. One server per data directory. */
  dataDir: string;
  /** The `temporal` CLI, as found by `findServer`. */
  binary: string;
  version?: string;
  /** Default 7233; another free one is taken, and said, where it is in use. 0 means any. */
  port?: number;
  /** Default 8233, in the same way; `none` for no UI. */
  uiPort?: number | 'none';
  storage?: 'file' | 'memory';
  /** `detached` outlives this process, `with-parent` ends with it, however it ends. */
  lifetime?: 'detached' | 'with-parent';
  /** An empty database; refused while a server runs on this data directory. */
  fresh?: boolean;
  readyWithinMs?: number;
  onNotice?: (line: string) => void;
}

export interface RunningServer extends ServerState {
  dataDir: string;
  logFile: string;
  namespace: string;
  /** It was running already, started by somebody else. */
  joined: boolean;
  /** Stops it, whoever started it. */
  stop: () => Promise<void>;
}

const READY_WITHIN_MS = 30_000;
const JOIN_WITHIN_MS = 20_000;

function asRunning(dataDir: string, state: ServerState, joined: boolean): RunningServer {
  return {
    ...state,
    dataDir,
    logFile: logFile(dataDir),
    namespace: DEFAULT_NAMESPACE,
    joined,
    stop: async () => {
      await stopServer(dataDir);
    },
  };
}

async function choosePorts(options: StartServerOptions): Promise<{ port: number; uiPort?: number }> {
  const { port: wanted = 7233, uiPort: wantedUi = 8233, onNotice } = options;
  const port = await findFreePort(wanted);
  if (wanted !== 0 && port !== wanted) onNotice?.(`Port ${wanted} is taken; the Temporal server uses ${port}.`);
  if (wantedUi === 'none') return { port };
  const uiPort = await findFreePort(wantedUi, [port]);
  if (wantedUi !== 0 && uiPort !== wantedUi) onNotice?.(`Port ${wantedUi} is taken; the Temporal UI uses ${uiPort}.`);
  return { port, uiPort };
}

/** The server that runs on this data directory, when it answers; one that does not is stopped. */
async function joinRunning(options: StartServerOptions): Promise<RunningServer | undefined> {
  const { dataDir } = options;
  const state = await findRunningServer(dataDir);
  if (!state) return undefined;
  // Patience: it may be starting, or so busy that it takes its time, and stopping it then would be a loss.
  if (!(await waitUntilReady(state.address, () => isSameProcess(state), JOIN_WITHIN_MS))) {
    options.onNotice?.(`The Temporal server with pid ${state.pid} does not answer; it is started anew.`);
    await stopServer(dataDir);
    return undefined;
  }
  if (options.fresh) {
    throw new RerailError('target-locked', `a Temporal server (pid ${state.pid}) runs on ${dataDir}`, {
      remedy: 'Stop it first with `rerail down`, or use another --data-dir.',
      nonRetryable: true,
    });
  }
  return asRunning(dataDir, state, true);
}

async function notReady(launched: LaunchedServer, options: StartServerOptions, withinMs: number): Promise<RerailError> {
  const { dataDir } = options;
  const ended = launched.hasEnded();
  await endProcess(launched);
  const log = await launched.readLog();
  const known = ended ? explainServerLog(log, dataDir) : undefined;
  if (known) return known;
  const what = ended ? 'ended while it was starting' : `was not ready within ${Math.round(withinMs / 1000)} s`;
  return new RerailError(
    'server-unreachable',
    `the Temporal server ${what}; its last lines:\n${lastLines(log) || '(none)'}`,
    {
      remedy: `Read ${logFile(dataDir)}; \`rerail doctor\` checks the set-up.`,
    },
  );
}

async function startOnce(options: StartServerOptions): Promise<RunningServer> {
  const { dataDir, binary, readyWithinMs = READY_WITHIN_MS } = options;
  const dbFile = options.storage === 'memory' ? undefined : databaseFile(dataDir);
  const ports = await choosePorts(options);
  const address = `${LOOPBACK}:${ports.port}`;
  const launched = await launchServer(binary, { ...ports, ...(dbFile && { dbFile }) }, logFile(dataDir));
  if (options.lifetime === 'with-parent') stopWithParent(launched);
  const state: ServerState = {
    pid: launched.pid,
    startTime: launched.startTime,
    address,
    ...(ports.uiPort !== undefined && { uiAddress: `http://${LOOPBACK}:${ports.uiPort}` }),
    binary,
    ...(dbFile && { dbFile }),
    version: options.version ?? 'unknown',
  };
  // Written before it is ready: killed now, we leave a server that the next start still finds.
  await writeServerState(dataDir, state);
  if (!(await waitUntilReady(address, () => !launched.hasEnded(), readyWithinMs)))
    throw await notReady(launched, options, readyWithinMs);
  await registerSearchAttributes(address);
  return asRunning(dataDir, state, false);
}

/** Starts the embedded Temporal server of a data directory, or joins the one that already runs there. */
export async function startServer(options: StartServerOptions): Promise<RunningServer> {
  const { dataDir, onNotice } = options;
  await prepareDataDir(dataDir);
  const lock = { purpose: 'starting the Temporal server', timeoutMs: 90_000, onNotice };
  return withLockFile(join(dataDir, 'server.lock'), lock, async () => {
    const running = await joinRunning(options);
    if (running) return running;
    if (options.fresh) await removeDatabase(dataDir);
    try {
      return await startOnce(options);
    } catch (error) {
      // Somebody took the port between our look and the server's bind: the next look finds another one.
      if ((error as { code?: unknown }).code !== 'port-taken') throw error;
      return startOnce(options);
    }
  });
}
