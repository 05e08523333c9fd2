import { spawn } from 'node:child_process';
import { RerailError } from '../domain/errors.ts';
import { processStart } from './process-start.ts';
import type { ProcessStart } from './process-start.ts';
import { serverArguments } from './server-flags.ts';
import type { ServerFlags } from './server-flags.ts';
import { openServerLog, readLogFrom } from './server-log.ts';

export interface LaunchedServer extends ProcessStart {
  hasEnded: () => boolean;
  onEnd: (listener: () => void) => void;
  /** What the server has written since this launch. */
  readLog: () => Promise<string>;
}

/** Starts the process in a session of its own: a Ctrl-C is for us to handle, the server gets a SIGTERM from us. */
export async function launchServer(binary: string, flags: ServerFlags, logPath: string): Promise<LaunchedServer> {
  const log = await openServerLog(logPath);
  const { size } = await log.stat();
  let failure: string | undefined;
  let ended = false;
  try {
    const child = spawn(binary, serverArguments(flags), { detached: true, stdio: ['ignore', log.fd, log.fd] });
    child.once('error', (error) => {
      failure = error.message;
      ended = true;
    });
    child.once('exit', () => (ended = true));
    await new Promise((resolve) => child.once('spawn', resolve).once('error', resolve));
    if (failure !== undefined || child.pid === undefined) {
      throw new RerailError('server-not-found', `${binary} could not be started: ${failure ?? 'no process'}`, {
        remedy: 'Set RERAIL_TEMPORAL_BIN to a `temporal` CLI of version 1.5 or newer.',
      });
    }
    child.unref();
    return {
      pid: child.pid,
      startTime: processStart(child.pid) ?? '',
      hasEnded: () => ended,
      onEnd: (listener) => void child.once('exit', listener),
      readLog: () => readLogFrom(logPath, size),
    };
  } finally {
    await log.close();
  }
}
