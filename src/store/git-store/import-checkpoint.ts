import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { ContentSource } from '../checkpoint-store.ts';
import type { EncodedDraft } from '../checkpoint-format.ts';
import { contentChanged } from '../checkpoint-format.ts';
import { createByteReader } from './byte-reader.ts';
import { contentPath, partPath } from './checkpoint-refs.ts';
import type { CheckpointHeader } from './checkpoint-refs.ts';
import { gitFailed, startGit } from './git-command.ts';
import type { GitRepository } from './git-command.ts';

export interface ImportOrder {
  draft: EncodedDraft;
  ref: string;
  createdAt: string;
  added: ReadonlyMap<string, { size: number; open: ContentSource }>;
  reused: ReadonlyMap<string, string>;
  /** Asked for when all content is written, since it tells how long that took. */
  header: () => CheckpointHeader;
}

const ATTEMPTS = 3;
/** Up to here a content is read and checked before git sees it; larger ones are checked on their way. */
const BUFFERED_BYTES = 1024 * 1024;
const CHUNK_BYTES = 256 * 1024;

type Send = (chunk: Uint8Array | string) => Promise<void>;

/** Writes all objects of a checkpoint as one pack, and a staging ref that holds on to them. Returns the commit's id. */
export async function importCheckpoint(repository: GitRepository, order: ImportOrder): Promise<string> {
  // Without --done the stream of a killed writer would look finished.
  const args = ['fast-import', '--quiet', '--done', '--date-format=raw', '--depth=0'];
  const running = startGit(repository, args);
  const died = running.ended.then((result) => Promise.reject(gitFailed(repository, args, result)));
  died.catch(() => undefined);
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  const flush = async (): Promise<void> => {
    if (running.stdin.destroyed) return died;
    const chunk = Buffer.concat(pending);
    pending = [];
    pendingBytes = 0;
    if (!running.stdin.write(chunk)) await Promise.race([once(running.stdin, 'drain').catch(() => died), died]);
  };
  const send: Send = async (chunk) => {
    pending.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
    pendingBytes += typeof chunk === 'string' ? Buffer.byteLength(chunk) : chunk.length;
    if (pendingBytes >= CHUNK_BYTES) await flush();
  };
  try {
    await sendContents(order, send, () => repository.failpoint('put.content'));
    await sendCommit(order, send);
    await flush();
    await repository.failpoint('put.before-done');
    running.stdin.end(`get-mark :${String(order.added.size + 1)}\ndone\n`);
    const replies = createByteReader(running.stdout);
    const commit = await replies.line();
    await replies.line();
    const result = await running.ended;
    if (result.exitCode !== 0 || commit === undefined) throw gitFailed(repository, args, result);
    return commit;
  } finally {
    running.kill();
    await running.ended.catch(() => undefined);
  }
}

async function sendContents(order: ImportOrder, send: Send, afterEach: () => void | Promise<void>): Promise<void> {
  const changed: string[] = [];
  let mark = 0;
  for (const [digest, { size, open }] of order.added) {
    mark += 1;
    let good = false;
    for (let attempt = 0; !good && attempt < ATTEMPTS; attempt += 1)
      good = await sendBlob(send, mark, digest, size, open);
    if (!good) changed.push(digest);
    await afterEach();
  }
  if (changed.length > 0) throw contentChanged(order.draft.id, changed);
}

/** False when the bytes are not those of the digest. */
async function sendBlob(send: Send, mark: number, digest: string, size: number, open: ContentSource): Promise<boolean> {
  const head = `blob\nmark :${String(mark)}\ndata ${String(size)}\n`;
  const hash = createHash('sha256');
  const held: Uint8Array[] = [];
  const buffered = size <= BUFFERED_BYTES;
  let left = size;
  let vanished = false;
  if (!buffered) await send(head);
  const source = open()[Symbol.asyncIterator]();
  for (;;) {
    const next = await source.next().catch(() => undefined);
    if (next === undefined) vanished = true;
    if (next === undefined || next.done === true) break;
    // git was told a length and must get it: what is too long is cut, what is too short is filled, and neither is used.
    const fitting = next.value.subarray(0, left);
    hash.update(next.value);
    left -= fitting.length;
    if (buffered) held.push(fitting);
    else await send(fitting);
  }
  const good = !vanished && left === 0 && hash.digest('hex') === digest;
  if (buffered) {
    if (good) for (const piece of [head, ...held, '\n']) await send(piece);
    return good;
  }
  for (; left > 0; left -= Math.min(left, CHUNK_BYTES)) await send(Buffer.alloc(Math.min(left, CHUNK_BYTES)));
  await send('\n');
  return good;
}

async function sendCommit({ draft, ref, createdAt, added, reused, header }: ImportOrder, send: Send): Promise<void> {
  const seconds = Math.floor(Date.parse(createdAt) / 1000) || 0;
  const message = JSON.stringify(header());
  await send(
    `commit ${ref}\nmark :${String(added.size + 1)}\ncommitter rerail <rerail@localhost> ${String(seconds)} +0000\n`,
  );
  await send(`data ${String(Buffer.byteLength(message))}\n${message}\n`);
  const texts: [string, string][] = [...draft.partTexts].map(([name, text]) => [partPath(name), text]);
  for (const [path, text] of [['manifest.json', draft.manifestText] as const, ...texts]) {
    await send(`M 100644 inline ${path}\ndata ${String(Buffer.byteLength(text))}\n${text}\n`);
  }
  let mark = 0;
  for (const digest of added.keys()) await send(`M 100644 :${String((mark += 1))} ${contentPath(digest)}\n`);
  for (const [digest, oid] of reused) await send(`M 100644 ${oid} ${contentPath(digest)}\n`);
  await send('\n');
}
