import { createHash } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { codeOf, isRerailError, RerailError } from '../../domain/errors.ts';
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
  /** All steps were taken: only what was prepared is left to be removed. */
  done: boolean;
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
  await handle.appendFile(formatLine({ type: 'PLAN', ...intent }));
  await handle.sync();
  await rename(draft, path);
  await fsyncPath(dirname(path));
  return fromHandle(path, handle);
}

export async function resumeJournal(path: string): Promise<RestoreJournal> {
  const bytes = await readFile(path);
  const handle = await open(path, 'a');
  // What was cut off in the middle counts as not written; what follows must not be joined to it.
  const whole = bytes.lastIndexOf('\n') + 1;
  if (whole < bytes.length && parseLine(bytes.toString('utf8', whole)) === undefined) await handle.truncate(whole);
  else if (whole < bytes.length) await handle.appendFile('\n');
  return fromHandle(path, handle);
}

function fromHandle(path: string, handle: Awaited<ReturnType<typeof open>>): RestoreJournal {
  return {
    path,
    async append(line) {
      await handle.appendFile(formatLine(line));
      await handle.sync();
    },
    close: () => handle.close(),
  };
}

/**
 * Undefined when there is none, or none that matters any more. A last line that was cut off by a kill or a power cut
 * counts as not written. Throws `restore-failed` when any other line is not as it was written: a step that has rotted
 * would change what nobody agreed to.
 */
export async function readJournal(path: string): Promise<JournalState | undefined> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const pieces = text.split('\n');
  const tail = pieces.pop() ?? '';
  const lines = pieces.map(parseLine);
  // Whole but for its line end, or with another letter in its place.
  const last = parseLine(tail) ?? parseLine(tail.slice(0, -1));
  if (last !== undefined) lines.push(last);
  const state = stateOf(lines.filter((line) => line !== undefined));
  const damaged = lines.includes(undefined) || lines.length === 0;
  if (!damaged || state?.done === true) return state;
  if (lines.some((line) => line?.type === 'END')) return undefined;
  throw damagedJournal(path, state?.intent);
}

function stateOf(lines: readonly JournalLine[]): JournalState | undefined {
  let state: JournalState | undefined;
  for (const line of lines) {
    if (line.type === 'PLAN') state = { intent: line, steps: [], committed: false, done: false, ended: false };
    if (state === undefined) continue;
    if (line.type === 'STEPS') state.steps = line.steps;
    if (line.type === 'COMMIT') state.committed = true;
    if (line.type === 'DONE') state.committed = state.done = true;
    if (line.type === 'DONE' && line.lost.length > 0) state.intent.dataLoss = true;
    if (line.type === 'END') state.ended = true;
  }
  return state;
}

const sumOf = (json: string): string => createHash('sha256').update(json).digest('hex');

function formatLine(line: JournalLine): string {
  const json = JSON.stringify(line);
  return `${sumOf(json)} ${json}\n`;
}

/** Undefined for one that is not as it was written. */
function parseLine(text: string): JournalLine | undefined {
  const json = text.slice(65);
  return text.slice(0, 65) === `${sumOf(json)} ` ? (JSON.parse(json) as JournalLine) : undefined;
}

function damagedJournal(path: string, intent: RestoreIntent | undefined): RerailError {
  const { root = 'a directory', checkpointId = null, backupId = null, stage = null } = intent ?? {};
  const backup = backupId === null ? '' : `; ${backupId} has what was there before`;
  return new RerailError(
    'restore-failed',
    `The journal ${path} of an interrupted restore of ${root} is damaged: that restore cannot be finished${backup}`,
    {
      remedy: 'Restore a checkpoint of the whole directory with --force, which puts the journal aside.',
      details: { checkpointId, backupId, stage },
      nonRetryable: true,
    },
  );
}

/** Puts a damaged journal out of the way of a restore that does not build on it. Returns where it is then. */
export async function setAsideIfDamaged(path: string): Promise<string | undefined> {
  try {
    await readJournal(path);
    return undefined;
  } catch (error) {
    if (!isRerailError(error)) throw error;
    const aside = `${path}.damaged-${new Date().toISOString().replaceAll(':', '-')}`;
    await rename(path, aside);
    await fsyncPath(dirname(path));
    return aside;
  }
}
