import { createHash } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { RestorePlan } from '../../domain/rollback.schema.ts';
import { fsyncPath } from '../../store/fsync-path.ts';
import type { GitOrder } from '../git/restore-git.ts';
import type { RestoreStep } from './restore-steps.ts';

/** What a restore is about; the first line of its journal. */
export interface RestoreIntent {
  checkpointId: string;
  backupId: string | null;
  root: string;
  stage: string;
  plan: RestorePlan;
  dataLoss: boolean;
  /** What is to be done to the repository after the files. */
  git?: GitOrder;
}

export type JournalLine =
  | ({ type: 'PLAN' } & RestoreIntent)
  | { type: 'STEPS'; steps: RestoreStep[] }
  | { type: 'COMMIT' }
  | { type: 'DONE'; lost: string[] }
  | { type: 'END' };

export interface JournalState {
  intent: RestoreIntent;
  steps: RestoreStep[];
  committed: boolean;
  ended: boolean;
}

export interface RestoreJournal {
  readonly path: string;
  /** Returns when the line survives a power cut. */
  append(line: JournalLine): Promise<void>;
  close(): Promise<void>;
}

export function journalPath(storePath: string, root: string): string {
  return join(storePath, 'restores', `${createHash('sha256').update(root).digest('hex')}.jsonl`);
}

/** Replaces the journal of the last restore of this root, which has ended. */
export async function beginJournal(path: string, intent: RestoreIntent): Promise<RestoreJournal> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.new`;
  await rm(draft, { force: true });
  const handle = await open(draft, 'ax', 0o600);
  await handle.appendFile(JSON.stringify({ type: 'PLAN', ...intent }) + '\n');
  await handle.sync();
  await rename(draft, path);
  await fsyncPath(dirname(path));
  return fromHandle(path, handle);
}

export async function resumeJournal(path: string): Promise<RestoreJournal> {
  const handle = await open(path, 'a');
  // The last line may be cut off in the middle; what follows must not be joined to it.
  await handle.appendFile('\n');
  return fromHandle(path, handle);
}

function fromHandle(path: string, handle: Awaited<ReturnType<typeof open>>): RestoreJournal {
  return {
    path,
    async append(line) {
      await handle.appendFile(JSON.stringify(line) + '\n');
      await handle.sync();
    },
    close: () => handle.close(),
  };
}

/** Undefined when there is none. A line that was cut off by a kill or a power cut counts as not written. */
export async function readJournal(path: string): Promise<JournalState | undefined> {
  const text = await readFile(path, 'utf8').catch(() => '');
  let state: JournalState | undefined;
  for (const piece of text.split('\n')) {
    const line = parseLine(piece);
    if (line?.type === 'PLAN') state = { intent: line, steps: [], committed: false, ended: false };
    if (state === undefined || line === undefined) continue;
    if (line.type === 'STEPS') state.steps = line.steps;
    if (line.type === 'COMMIT') state.committed = true;
    if (line.type === 'DONE' && line.lost.length > 0) state.intent.dataLoss = true;
    if (line.type === 'END') state.ended = true;
  }
  return state;
}

function parseLine(text: string): JournalLine | undefined {
  try {
    return text === '' ? undefined : (JSON.parse(text) as JournalLine);
  } catch {
    return undefined;
  }
}
