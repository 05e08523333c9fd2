import { createHash } from 'node:crypto';
import type { ContentSource } from '../checkpoint-store.ts';
import type { EncodedDraft } from '../checkpoint-format.ts';
import { contentChanged } from '../checkpoint-format.ts';
import { contentPath, partPath } from './checkpoint-refs.ts';
import type { CheckpointHeader } from './checkpoint-refs.ts';
import { CHUNK_BYTES, startImporter } from './fast-import.ts';
import type { Importer } from './fast-import.ts';
import type { GitRepository } from './git-command.ts';

export interface ImportOrder {
  draft: EncodedDraft;
  ref: string;
  createdAt: string;
  added: Contents;
  reused: ReadonlyMap<string, string>;
  /** Asked for when all content is written, since it tells how long that took. */
  header: () => CheckpointHeader;
}

const ATTEMPTS = 3;
/** Up to here a content is read and checked before git sees it; larger ones are checked on their way. */
const BUFFERED_BYTES = 1024 * 1024;
const WORTH_TWO_BYTES = 16 * 1024 * 1024;

type Contents = ReadonlyMap<string, { size: number; open: ContentSource }>;
type Send = Importer['send'];
type AfterEach = () => void | Promise<void>;

/** Object ids of what was written. */
export interface ImportedCheckpoint {
  commit: string;
  /** Of the added contents, by digest. */
  oids: Map<string, string>;
}

/**
 * Writes all objects of a checkpoint and a staging ref that holds on to them. Much content goes through two importers at
 * once, each with a pack of its own: git hashes and compresses on one core.
 */
export async function importCheckpoint(repository: GitRepository, order: ImportOrder): Promise<ImportedCheckpoint> {
  const [own, others] = divide(order.added);
  const importer = startImporter(repository);
  const second = others.size > 0 ? startImporter(repository) : undefined;
  const afterEach = () => repository.failpoint('put.content');
  const importOthers = async (): Promise<Imported> =>
    second === undefined ? NOTHING : importContents(second, others, afterEach);
  try {
    const [changed, imported] = await Promise.all([sendContents(importer, own, afterEach), importOthers()]);
    const allChanged = [...changed, ...imported.changed];
    if (allChanged.length > 0) throw contentChanged(order.draft.id, allChanged);
    await sendCommit(importer.send, order, own, new Map([...order.reused, ...imported.oids]));
    await repository.failpoint('put.before-done');
    const digests = [...own.keys()];
    const [commit = '', ...oids] = await importer.finish([own.size + 1, ...marksOf(digests)]);
    return { commit, oids: new Map([...imported.oids, ...byDigest(digests, oids)]) };
  } finally {
    await Promise.all([importer.stop(), second?.stop()]);
  }
}

/** By bytes, in halves; little content is not worth a second process. */
function divide(contents: Contents): [Contents, Contents] {
  const total = [...contents.values()].reduce((sum, { size }) => sum + size, 0);
  if (total < WORTH_TWO_BYTES) return [contents, new Map()];
  const halves = [new Map<string, { size: number; open: ContentSource }>(), new Map()] as const;
  const bytes = [0, 0] as [number, number];
  for (const [digest, content] of contents) {
    const lighter = bytes[0] <= bytes[1] ? 0 : 1;
    bytes[lighter] += content.size;
    halves[lighter].set(digest, content);
  }
  return [...halves];
}

interface Imported {
  /** Digests of what was not as promised: then nothing was stored. */
  changed: string[];
  oids: Map<string, string>;
}

const NOTHING: Imported = { changed: [], oids: new Map() };

/** No ref holds on to them yet: the store's lock keeps a sweep away. */
async function importContents(importer: Importer, contents: Contents, afterEach: AfterEach): Promise<Imported> {
  const changed = await sendContents(importer, contents, afterEach);
  if (changed.length > 0) return { ...NOTHING, changed };
  const digests = [...contents.keys()];
  return { changed, oids: byDigest(digests, await importer.finish(marksOf(digests))) };
}

const marksOf = (digests: readonly string[]): number[] => digests.map((_, index) => index + 1);

const byDigest = (digests: readonly string[], oids: readonly string[]): Map<string, string> =>
  new Map(digests.map((digest, index) => [digest, oids[index] ?? '']));

/** With the marks of `marksOf`; returns the digests of those that are not what they were. */
async function sendContents({ send }: Importer, contents: Contents, afterEach: AfterEach): Promise<string[]> {
  const changed: string[] = [];
  let mark = 0;
  for (const [digest, { size, open }] of contents) {
    mark += 1;
    let good = false;
    for (let attempt = 0; !good && attempt < ATTEMPTS; attempt += 1)
      good = await sendBlob(send, mark, digest, size, open);
    if (!good) changed.push(digest);
    await afterEach();
  }
  return changed;
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

async function sendCommit(
  send: Send,
  { draft, ref, createdAt, header }: ImportOrder,
  marked: Contents,
  stored: ReadonlyMap<string, string>,
): Promise<void> {
  const seconds = Math.floor(Date.parse(createdAt) / 1000) || 0;
  const message = JSON.stringify(header());
  await send(
    `commit ${ref}\nmark :${String(marked.size + 1)}\ncommitter rerail <rerail@localhost> ${String(seconds)} +0000\n`,
  );
  await send(`data ${String(Buffer.byteLength(message))}\n${message}\n`);
  const texts: [string, string][] = [...draft.partTexts].map(([name, text]) => [partPath(name), text]);
  for (const [path, text] of [['manifest.json', draft.manifestText] as const, ...texts]) {
    await send(`M 100644 inline ${path}\ndata ${String(Buffer.byteLength(text))}\n${text}\n`);
  }
  let mark = 0;
  for (const digest of marked.keys()) await send(`M 100644 :${String((mark += 1))} ${contentPath(digest)}\n`);
  for (const [digest, oid] of stored) await send(`M 100644 ${oid} ${contentPath(digest)}\n`);
  await send('\n');
}
