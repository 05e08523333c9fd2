import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';
import { isSameProcess } from './process-start.ts';

const ServerStateSchema = z.object({
  pid: z.int().positive(),
  /** Start of the process as the system writes it, so that a reused pid is not mistaken for the server. */
  startTime: z.string(),
  address: z.string(),
  uiAddress: z.string().optional(),
  binary: z.string(),
  /** Absent: in memory. */
  dbFile: z.string().optional(),
  version: z.string(),
});

/** What is written in `server.json` of a data directory about the server that was started there. */
export type ServerState = z.infer<typeof ServerStateSchema>;

export const stateFile = (dataDir: string): string => join(dataDir, 'server.json');
export const databaseFile = (dataDir: string): string => join(dataDir, 'temporal.db');
export const logFile = (dataDir: string): string => join(dataDir, 'server.log');

/** The state as it was written, whether or not that server still lives. A torn or foreign file counts as none. */
export async function readServerState(dataDir: string): Promise<ServerState | undefined> {
  try {
    const parsed = ServerStateSchema.safeParse(JSON.parse(await readFile(stateFile(dataDir), 'utf8')));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

/** The state of the server that runs on this data directory now, going by its process. */
export async function findRunningServer(dataDir: string): Promise<ServerState | undefined> {
  const state = await readServerState(dataDir);
  return state && isSameProcess(state) ? state : undefined;
}

export async function writeServerState(dataDir: string, state: ServerState): Promise<void> {
  await writeFileAtomic(stateFile(dataDir), `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
}

export async function removeServerState(dataDir: string): Promise<void> {
  await rm(stateFile(dataDir), { force: true });
}
