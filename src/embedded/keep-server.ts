// Runs in the process that has started the server, as long as that is needed.
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../domain/errors.ts';
import { isSameProcess } from './process-start.ts';
import { readServerState } from './server-state.ts';
import { startServer } from './start-server.ts';
import type { RunningServer, StartServerOptions } from './start-server.ts';
import { endProcess } from './stop-server.ts';
import { answers } from './wait-until-ready.ts';

export interface KeepServerOptions extends StartServerOptions {
  /** Milliseconds. */
  lookEveryMs?: number;
  /** So many looks in a row without an answer, and it is started again. */
  missedLooks?: number;
}

export interface KeptServer {
  /** The process that runs now. */
  server: () => RunningServer;
  /** Ends the watch, not the server. */
  stop: () => Promise<void>;
}

const LOOK_EVERY_MS = 5000;
const MISSED_LOOKS = 4;
const ANSWER_WITHIN_MS = 5000;
/** `stopServer` ends the process first and removes what is written about it then. */
const STOPPED_WITHIN_MS = 1000;
const LONGEST_WAIT_MS = 60_000;

const portOf = (address: string): number => Number(new URL(address.includes('//') ? address : `tcp://${address}`).port);

/** Starts it at its old address, where worker and clients look for it. */
async function startAgain(before: RunningServer, options: StartServerOptions): Promise<RunningServer> {
  const uiPort = before.uiAddress === undefined ? 'none' : portOf(before.uiAddress);
  const next = await startServer({ ...options, fresh: false, port: portOf(before.address), uiPort });
  if (next.joined || next.address === before.address) return next;
  await next.stop();
  throw new Error(`its port ${portOf(before.address)} is taken by another program`);
}

/**
 * Starts the embedded server again when it has ended, or answers nothing any more: its SQLite connection can be lost for good when
 * a request is called off at the wrong moment. What it had acknowledged is in its file. One that `stopServer` has stopped stays so.
 */
export function keepServer(first: RunningServer, options: KeepServerOptions): KeptServer {
  const { lookEveryMs = LOOK_EVERY_MS, missedLooks = MISSED_LOOKS, onNotice = () => undefined } = options;
  const stopping = new AbortController();
  let server = first;
  let missed = 0;
  let failures = 0;

  const pause = (ms: number): Promise<void> => sleep(ms, undefined, { signal: stopping.signal }).catch(() => undefined);

  /** Why it has to be started again; undefined: it need not. */
  const isLost = async (): Promise<string | undefined> => {
    if (!isSameProcess(server)) return 'has ended';
    missed = (await answers(server.address, ANSWER_WITHIN_MS)) ? 0 : missed + 1;
    if (missed < missedLooks) return undefined;
    return isSameProcess(server) ? 'does not answer any more' : 'has ended';
  };

  /** False once somebody else has stopped it, or runs one in its place. */
  const look = async (): Promise<boolean> => {
    const why = await isLost();
    if (why === undefined || stopping.signal.aborted) return true;
    if (failures === 0) onNotice(`The Temporal server (pid ${server.pid}) ${why}.`);
    await endProcess(server);
    await pause(STOPPED_WITHIN_MS);
    if (stopping.signal.aborted) return true;
    // After a failure of ours nothing is written about it either.
    if (failures === 0 && (await readServerState(options.dataDir)) === undefined) return false;
    server = await startAgain(server, options);
    [missed, failures] = [0, 0];
    onNotice(`The Temporal server runs again (pid ${server.pid}).`);
    return !server.joined;
  };

  const watch = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await pause(Math.min(LONGEST_WAIT_MS, lookEveryMs * 2 ** failures));
      if (stopping.signal.aborted) return;
      try {
        if (!(await look())) return;
      } catch (error) {
        failures += 1;
        onNotice(`The Temporal server could not be started again: ${messageOf(error)}. It is tried again.`);
      }
    }
  };
  const watching = watch();
  return {
    server: () => server,
    async stop() {
      stopping.abort();
      await watching;
    },
  };
}
