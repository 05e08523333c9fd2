import { setTimeout as sleep } from 'node:timers/promises';
import { isSameProcess } from './process-start.ts';
import type { ProcessStart } from './process-start.ts';
import { findRunningServer, readServerState, removeServerState } from './server-state.ts';
import type { ServerState } from './server-state.ts';
import { answers } from './wait-until-ready.ts';

const TERM_GRACE_MS = 10_000;
const KILL_GRACE_MS = 5000;

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended on its own in the meantime.
  }
}

async function endsWithin(identity: ProcessStart, milliseconds: number): Promise<boolean> {
  const deadline = Date.now() + milliseconds;
  while (isSameProcess(identity)) {
    if (Date.now() > deadline) return false;
    await sleep(25);
  }
  return true;
}

/** Asks the process to end, and kills it when it has not done so in time. */
export async function endProcess(identity: ProcessStart): Promise<void> {
  for (const [signal, grace] of [
    ['SIGTERM', TERM_GRACE_MS],
    ['SIGKILL', KILL_GRACE_MS],
  ] as const) {
    if (!isSameProcess(identity)) return;
    sendSignal(identity.pid, signal);
    if (await endsWithin(identity, grace)) return;
  }
}

/** Stops the server of a data directory, whoever started it; false when none was running. */
export async function stopServer(dataDir: string): Promise<boolean> {
  const state = await findRunningServer(dataDir);
  if (state) await endProcess(state);
  await removeServerState(dataDir);
  return state !== undefined;
}

export interface ServerDescription {
  /** `stale`: a state file whose process is gone. `silent`: it runs but does not answer. */
  condition: 'running' | 'silent' | 'stale' | 'none';
  state?: ServerState;
}

/** What is known about the server of a data directory, changing nothing. */
export async function describeServer(dataDir: string): Promise<ServerDescription> {
  const state = await readServerState(dataDir);
  if (!state) return { condition: 'none' };
  if (!isSameProcess(state)) return { condition: 'stale', state };
  return { condition: (await answers(state.address)) ? 'running' : 'silent', state };
}
