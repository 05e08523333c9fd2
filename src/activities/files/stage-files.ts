import { chmodSync, chownSync, createWriteStream, lchownSync, mkdirSync, writeFileSync } from 'node:fs';
import { copyFile, link, open, symlink } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { FileEntry } from '../../domain/checkpoint.ts';
import { codeOf, messageOf, RerailError } from '../../domain/errors.ts';
import type { CheckpointStore } from '../../store/checkpoint-store.ts';
import { hashFile } from './hash-file.ts';
import { ownersMatter } from './plan-tree.ts';
import { setMtimes } from './set-mtimes.ts';
import { syncFiles } from './sync-files.ts';

type Captured = Exclude<FileEntry, { type: 'dir' }>;
type CapturedFile = FileEntry & { type: 'file' };

export interface StageOrder {
  store: CheckpointStore;
  checkpointId: string;
  stage: string;
  items: readonly { want: Captured; slot: number }[];
  /** How many slots the steps may use: all of their numbers are below. */
  slots: number;
  signal?: AbortSignal | undefined;
  progress?: ((done: { files: number }) => void) | undefined;
  failpoint: (name: string) => void | Promise<void>;
}

/** Written in one call, which is several times faster than a stream. */
const AT_ONCE_BYTES = 256 * 1024;

/** Making thousands of files in one directory takes ten times as long as in many. The first few need no more than one. */
const SLOTS_PER_DIRECTORY = 128;
function slotPath(slot: number): string {
  const directory = Math.floor(slot / SLOTS_PER_DIRECTORY);
  return directory === 0 ? String(slot) : `more-${String(directory)}/${String(slot)}`;
}
export const newSlot = (stage: string, slot: number): string => `${stage}/new/${slotPath(slot)}`;
export const oldSlot = (stage: string, slot: number): string => `${stage}/old/${slotPath(slot)}`;

/** One of the two directories of a stage, and those in it. */
function directoriesOf(above: string, slots: number): string[] {
  const more = Math.max(0, Math.ceil(slots / SLOTS_PER_DIRECTORY) - 1);
  return [above, ...Array.from({ length: more }, (_, index) => `${above}/more-${String(index + 1)}`)];
}

/** Everything that will be put in place, complete with its attributes, checked and flushed, beside the tree. */
export async function stageFiles(order: StageOrder): Promise<void> {
  const { stage, items } = order;
  try {
    const filled = directoriesOf(`${stage}/new`, order.slots);
    for (const name of [stage, ...filled, ...directoriesOf(`${stage}/old`, order.slots)])
      mkdirSync(name, { mode: 0o700 });
    await writeContents(order);
    for (const { want, slot } of items) finish(newSlot(stage, slot), want);
    await setMtimes(items.map(({ want, slot }) => ({ path: newSlot(stage, slot), mtimeNs: want.mtimeNs })));
    const files = items.filter(({ want }) => want.type === 'file');
    await syncFiles([...files.map(({ slot }) => newSlot(stage, slot)), ...filled, stage], stage);
    for (const { want, slot } of items) await recheck(newSlot(stage, slot), want);
  } catch (error) {
    if (codeOf(error) !== 'ENOSPC' && codeOf(error) !== 'EDQUOT') throw error;
    throw new RerailError('disk-full', `There is no room to prepare the restore in ${stage}: ${messageOf(error)}`, {
      remedy: 'Free space on that disk, then restore again; nothing was changed.',
      cause: error,
    });
  }
}

async function writeContents({
  store,
  checkpointId,
  stage,
  items,
  signal,
  progress,
  failpoint,
}: StageOrder): Promise<void> {
  const slotsByDigest = new Map<string, { want: CapturedFile; slot: number }[]>();
  for (const { want, slot } of items) {
    if (want.type === 'symlink')
      await symlink(
        want.targetBytes === undefined ? want.target : Buffer.from(want.targetBytes, 'base64'),
        newSlot(stage, slot),
      );
    else slotsByDigest.set(want.sha256, [...(slotsByDigest.get(want.sha256) ?? []), { want, slot }]);
  }
  let files = 0;
  await store.readContent(checkpointId, [...slotsByDigest.keys()], async (digest, content) => {
    signal?.throwIfAborted();
    const [first, ...rest] = slotsByDigest.get(digest) ?? [];
    if (first === undefined) return;
    const source = newSlot(stage, first.slot);
    await writeContent(source, first.want, content);
    const groups = new Map([[first.want.hardlinkGroup, source]]);
    for (const { want, slot } of rest) {
      const sibling = want.hardlinkGroup === undefined ? undefined : groups.get(want.hardlinkGroup);
      if (sibling === undefined) await copyFile(source, newSlot(stage, slot));
      else await link(sibling, newSlot(stage, slot));
      if (want.hardlinkGroup !== undefined && sibling === undefined)
        groups.set(want.hardlinkGroup, newSlot(stage, slot));
    }
    files += 1 + rest.length;
    progress?.({ files });
    await failpoint('restore.stage-file');
  });
}

async function writeContent(
  path: string,
  { size, sparse }: CapturedFile,
  content: AsyncIterable<Uint8Array>,
): Promise<void> {
  if (size > AT_ONCE_BYTES && sparse) return writeWithHoles(path, size, content);
  if (size > AT_ONCE_BYTES) {
    await pipeline(
      Readable.from(content, { objectMode: false }),
      createWriteStream(path, { flags: 'wx', mode: 0o600 }),
    );
    return;
  }
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  writeFileSync(path, Buffer.concat(chunks), { flag: 'wx', mode: 0o600 });
}

const ZEROS = Buffer.alloc(64 * 1024);
const isZero = (chunk: Uint8Array): boolean =>
  chunk.length <= ZEROS.length && ZEROS.subarray(0, chunk.length).equals(chunk);

async function writeWithHoles(path: string, size: number, content: AsyncIterable<Uint8Array>): Promise<void> {
  const handle = await open(path, 'wx', 0o600);
  try {
    let at = 0;
    for await (const chunk of content) {
      for (let from = 0; from < chunk.length && !isZero(chunk);) {
        from += (await handle.write(chunk, from, chunk.length - from, at + from)).bytesWritten;
      }
      at += chunk.length;
    }
    await handle.truncate(size);
  } finally {
    await handle.close();
  }
}

/** The owner first: changing it clears the set-id bits. */
function finish(path: string, want: Captured): void {
  if (want.type === 'symlink') {
    if (ownersMatter()) lchownSync(path, want.uid, want.gid);
    return;
  }
  if (ownersMatter()) chownSync(path, want.uid, want.gid);
  chmodSync(path, want.mode);
}

async function recheck(path: string, want: Captured): Promise<void> {
  if (want.type === 'symlink') return;
  const hashed = await hashFile(path, BigInt(want.size)).catch((error: unknown) => {
    // Prepared with the mode it shall have, which need not let this user read it; its bytes were checked on their way in.
    if (codeOf(error) === 'EACCES') return { sha256: want.sha256, stat: { size: BigInt(want.size) } };
    throw error;
  });
  // The digest alone would let a manifest through that lies about the size, and the verification fails when it is done.
  if (hashed?.sha256 === want.sha256 && hashed.stat.size === BigInt(want.size)) return;
  throw new RerailError(
    'restore-failed',
    `${JSON.stringify(want.path)} was written for the restore and reads back differently`,
    {
      remedy: 'Check the disk; nothing was changed. Then restore again.',
    },
  );
}
