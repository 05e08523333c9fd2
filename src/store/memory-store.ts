import { buffer } from 'node:stream/consumers';
import type { Json } from '../domain/canonical-json.ts';
import type { Manifest } from '../domain/checkpoint.ts';
import {
  contentAbsent,
  contentChanged,
  contentSizes,
  corrupt,
  decodeManifest,
  encodeDraft,
  idTaken,
  itemsByDigest,
  notFound,
} from './checkpoint-format.ts';
import type { CheckpointStore, PutResult, StoreProblem, VerifyLevel } from './checkpoint-store.ts';
import { sha256 } from '../process/digests.ts';
import { readMemoryBundle, writeMemoryBundle } from './memory-bundle.ts';

interface Stored extends PutResult {
  createdAt: string;
  manifestText: string;
  parts: Map<string, string>;
}

/** Keeps everything in this process: for tests and trials. */
export function createMemoryStore(): CheckpointStore {
  const checkpoints = new Map<string, Stored>();
  const contents = new Map<string, Buffer>();

  const open = (id: string): Stored => {
    const stored = checkpoints.get(id);
    if (stored === undefined) throw notFound(id);
    return stored;
  };
  const manifestOf = (id: string): Manifest => decodeManifest(id, open(id).manifestText, open(id).checksum);
  const receipt = ({ checksum, newBytes, durationMs }: Stored): PutResult => ({ checksum, newBytes, durationMs });

  const verify = (id: string, level: VerifyLevel): StoreProblem[] => {
    const manifest = manifestOf(id);
    const items = itemsByDigest(manifest);
    return [...contentSizes(manifest).keys()].flatMap((digest) => {
      const bytes = contents.get(digest);
      if (bytes !== undefined && (level === 'quick' || sha256(bytes) === digest)) return [];
      const problem = bytes === undefined ? 'it is missing' : 'its SHA-256 differs';
      return (items.get(digest) ?? []).map((item) => ({ checkpointId: id, item, problem }));
    });
  };
  const check = (): StoreProblem[] => [...checkpoints.keys()].flatMap((id) => verify(id, 'full'));

  const store: CheckpointStore = {
    async put(draft) {
      const startedAt = performance.now();
      const { id, checksum, manifestText, partTexts, sizes } = encodeDraft(draft);
      const earlier = checkpoints.get(id);
      if (earlier !== undefined && earlier.checksum !== checksum) throw idTaken(id);
      if (earlier !== undefined) return receipt(earlier);
      const missing = [...sizes.keys()].filter((digest) => !contents.has(digest));
      const absent = missing.filter((digest) => !draft.content.has(digest));
      if (absent.length > 0) throw contentAbsent(id, absent);
      const changed: string[] = [];
      const read = new Map<string, Buffer>();
      for (const digest of missing) {
        const chunks: Uint8Array[] = [];
        const source = draft.content.get(digest)?.open() ?? [];
        for await (const chunk of source) chunks.push(Uint8Array.from(chunk));
        const bytes = Buffer.concat(chunks);
        if (sha256(bytes) === digest) read.set(digest, bytes);
        else changed.push(digest);
      }
      if (changed.length > 0) throw contentChanged(id, changed);
      // Others may have put while the sources were read.
      const meanwhile = checkpoints.get(id);
      if (meanwhile !== undefined && meanwhile.checksum !== checksum) throw idTaken(id);
      if (meanwhile !== undefined) return receipt(meanwhile);
      for (const [digest, bytes] of read) contents.set(digest, bytes);
      const stored: Stored = {
        checksum,
        manifestText,
        parts: partTexts,
        createdAt: draft.manifest.createdAt,
        newBytes: [...read.values()].reduce((sum, bytes) => sum + bytes.length, 0),
        durationMs: Math.round((draft.elapsedMs ?? 0) + performance.now() - startedAt),
      };
      checkpoints.set(id, stored);
      return receipt(stored);
    },
    has: (id) => Promise.resolve(checkpoints.has(id)),
    receipt: async (id) => Promise.resolve(receipt(open(id))),
    hasContent: (digests) => Promise.resolve(new Set(digests.filter((digest) => contents.has(digest)))),
    manifest: async (id) => Promise.resolve(manifestOf(id)),
    async part(id, name) {
      const text = await Promise.resolve(open(id).parts.get(name));
      if (text === undefined) throw corrupt(id, [`part ${name}`], 'the checkpoint has no such part');
      return JSON.parse(text) as Json;
    },
    async readContent(id, digests, sink) {
      const sizes = contentSizes(manifestOf(id));
      for (const digest of digests) {
        const bytes = sizes.has(digest) ? contents.get(digest) : undefined;
        if (bytes === undefined) throw corrupt(id, [digest], 'its content is missing');
        await sink(digest, checked(id, digest, bytes));
      }
    },
    list: () =>
      Promise.resolve(
        [...checkpoints]
          .map(([id, { checksum, createdAt }]) => ({ id, checksum, createdAt }))
          .sort((a, b) => (a.id < b.id ? -1 : 1)),
      ),
    verify: async (id, level) => Promise.resolve(verify(id, level)),
    check: () => Promise.resolve(check()),
    repair: () => Promise.resolve({ quarantined: [], problems: check() }),
    async exportBundle(id, file) {
      const manifest = manifestOf(id);
      const parts = [...open(id).parts].map(([name, text]) => [name, JSON.parse(text) as Json] as const);
      const held: Record<string, string> = {};
      await store.readContent(id, [...contentSizes(manifest).keys()], async (digest, content) => {
        held[digest] = (await buffer(content)).toString('base64');
      });
      const bundle = { manifest, parts: Object.fromEntries(parts), contents: held, receipt: receipt(open(id)) };
      return writeMemoryBundle(file, bundle);
    },
    async importBundle(id, file) {
      const { draft, receipt: original } = await readMemoryBundle(file, id);
      const isNew = !checkpoints.has(id);
      await store.put(draft);
      const stored = open(id);
      if (isNew) checkpoints.set(id, { ...stored, ...original, checksum: stored.checksum });
      return receipt(open(id));
    },
    exclusiveBytes(ids) {
      const digestsOf = (wanted: (id: string) => boolean): Set<string> =>
        new Set([...checkpoints.keys()].filter(wanted).flatMap((id) => [...contentSizes(manifestOf(id)).keys()]));
      const staying = digestsOf((id) => !ids.includes(id));
      const going = [...digestsOf((id) => ids.includes(id))].filter((digest) => !staying.has(digest));
      return Promise.resolve(going.reduce((sum, digest) => sum + (contents.get(digest)?.length ?? 0), 0));
    },
    delete(ids) {
      for (const id of ids) checkpoints.delete(id);
      return Promise.resolve();
    },
    sweep() {
      const live = new Set([...checkpoints.keys()].flatMap((id) => [...contentSizes(manifestOf(id)).keys()]));
      let freedBytes = 0;
      for (const [digest, bytes] of contents) {
        if (live.has(digest)) continue;
        freedBytes += bytes.length;
        contents.delete(digest);
      }
      return Promise.resolve({ freedBytes });
    },
    usage: () =>
      Promise.resolve({
        checkpoints: checkpoints.size,
        bytes: [...contents.values()].reduce((sum, bytes) => sum + bytes.length, 0),
        quarantinedBytes: 0,
        freeBytes: Number.MAX_SAFE_INTEGER,
      }),
    close: () => Promise.resolve(),
  };
  return store;
}

async function* checked(id: string, digest: string, bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield bytes;
  if (sha256(bytes) !== digest) throw corrupt(id, [digest], 'its SHA-256 differs');
  await Promise.resolve();
}
