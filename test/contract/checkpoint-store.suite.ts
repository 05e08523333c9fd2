import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { canonicalJson } from '../../src/domain/canonical-json.ts';
import type { Json } from '../../src/domain/canonical-json.ts';
import type { FileEntry } from '../../src/domain/checkpoint.ts';
import { newId } from '../../src/domain/ids.ts';
import type { CheckpointDraft, CheckpointStore } from '../../src/store/checkpoint-store.ts';

export interface StoreUnderTest {
  store: CheckpointStore;
  close(): Promise<void>;
}

const digest = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');

/** A draft with one file for each content, and one state part. */
export function makeDraft(
  contents: readonly (Buffer | string)[],
  options: { id?: string; parts?: Record<string, Json> } = {},
): CheckpointDraft {
  const id = options.id ?? newId('cp');
  const parts = options.parts ?? { context: { note: 'kept' } };
  const content: CheckpointDraft['content'] = new Map();
  const files = contents.map((text, index): FileEntry => {
    const bytes = Buffer.from(text);
    async function* open(): AsyncGenerator<Uint8Array> {
      await Promise.resolve();
      for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
    }
    content.set(digest(bytes), { size: bytes.length, open });
    const common = { path: `file-${String(index)}`, mode: 0o644, uid: 0, gid: 0, mtimeNs: '1' };
    return {
      ...common,
      type: 'file',
      size: bytes.length,
      sha256: digest(bytes),
      stat: { ino: '1', dev: '1', ctimeNs: '1' },
    };
  });
  const digests = Object.entries(parts).map(([name, value]) => {
    const text = canonicalJson(value);
    return [name, { sha256: digest(text), size: Buffer.byteLength(text) }] as const;
  });
  const info = {
    id,
    name: 'test',
    type: 'manual' as const,
    subject: 'release/web',
    description: '',
    tags: [],
    success: true,
  };
  return {
    manifest: {
      schemaVersion: 1,
      info,
      createdAt: '2026-01-02T03:04:05.678Z',
      host: 'here',
      scope: { root: '/work', exclude: [] },
      parts: Object.fromEntries(digests),
      files,
      skipped: [],
    },
    parts,
    content,
  };
}

export const digestsOf = (draft: CheckpointDraft): string[] => [...draft.content.keys()];

export async function readAll(
  store: CheckpointStore,
  id: string,
  digests: readonly string[],
): Promise<Map<string, Buffer>> {
  const found = new Map<string, Buffer>();
  await store.readContent(id, digests, async (name, content) => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of content) chunks.push(Uint8Array.from(chunk));
    found.set(name, Buffer.concat(chunks));
  });
  return found;
}

/** What every checkpoint store must do. */
export function checkpointStoreSuite(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(`checkpoint store: ${name}`, () => {
    let under: StoreUnderTest;
    let store: CheckpointStore;
    beforeEach(async () => {
      under = await open();
      store = under.store;
    });
    afterEach(() => under.close());

    it('gives back manifest, parts and bytes exactly as they were put', async () => {
      const contents = [
        '',
        'one',
        'one\n',
        'data 3\nabc\n',
        Buffer.from([0, 255, 10, 13, 0]),
        Buffer.alloc(3_000_000, 'large'),
      ];
      const draft = makeDraft(contents, { parts: { context: { b: [1, null, 'ü\n'], a: {} }, agentStates: {} } });
      const { checksum } = await store.put(draft);
      const id = draft.manifest.info.id;
      expect(checksum).toBe(digest(canonicalJson(draft.manifest)));
      expect(await store.manifest(id)).toEqual(draft.manifest);
      expect(await store.part(id, 'context')).toEqual(draft.parts['context']);
      const found = await readAll(store, id, digestsOf(draft));
      for (const bytes of contents) expect(found.get(digest(bytes))?.equals(Buffer.from(bytes))).toBe(true);
    });

    it('reads contents in the order asked', async () => {
      const draft = makeDraft(['a', 'b', 'c', 'd']);
      await store.put(draft);
      const order = digestsOf(draft).reverse();
      expect([...(await readAll(store, draft.manifest.info.id, order)).keys()]).toEqual(order);
    });

    it('goes on to the next content when the sink leaves the rest of one unread', async () => {
      const draft = makeDraft([Buffer.alloc(400_000, 'x'), 'second']);
      await store.put(draft);
      const seen: string[] = [];
      await store.readContent(draft.manifest.info.id, digestsOf(draft), async (name, content) => {
        for await (const chunk of content) if (seen.push(`${name} ${String(chunk.length > 0)}`) > 0) break;
      });
      expect(seen).toEqual(digestsOf(draft).map((name) => `${name} true`));
    });

    it('stores a checkpoint with no files and no parts', async () => {
      const draft = makeDraft([], { parts: {} });
      await store.put(draft);
      expect((await store.manifest(draft.manifest.info.id)).files).toEqual([]);
      expect(await store.verify(draft.manifest.info.id, 'full')).toEqual([]);
    });

    it('answers the same put as the first time', async () => {
      const draft = makeDraft(['one', 'two'], {});
      const first = await store.put({ ...draft, elapsedMs: 1234 });
      expect(first).toMatchObject({ newBytes: 6 });
      expect(first.durationMs).toBeGreaterThanOrEqual(1234);
      expect(await store.put(draft)).toEqual(first);
      expect(await store.receipt(draft.manifest.info.id)).toEqual(first);
    });

    it('refuses another checkpoint under an id that is taken, and keeps the first', async () => {
      const draft = makeDraft(['one']);
      await store.put(draft);
      const id = draft.manifest.info.id;
      await expect(store.put(makeDraft(['two'], { id }))).rejects.toMatchObject({ code: 'checkpoint-invalid' });
      expect(await store.manifest(id)).toEqual(draft.manifest);
    });

    it('lets one of two concurrent puts of an id win', async () => {
      const id = newId('cp');
      const [a, b] = [makeDraft(['a'], { id }), makeDraft(['b'], { id })];
      const results = await Promise.allSettled([store.put(a), store.put(b)]);
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      expect(await store.verify(id, 'full')).toEqual([]);
    });

    it('stores shared content once, and tells what it has', async () => {
      const first = makeDraft(['shared', 'first']);
      const second = makeDraft(['shared', 'second']);
      const [shared = '', own = ''] = digestsOf(second);
      await store.put(first);
      expect(await store.hasContent([shared, own])).toEqual(new Set([shared]));
      second.content.delete(shared);
      expect(await store.put(second)).toMatchObject({ newBytes: 6 });
      expect((await readAll(store, second.manifest.info.id, [shared])).get(shared)?.toString()).toBe('shared');
    });

    it('refuses a manifest whose content is neither given nor stored', async () => {
      const draft = makeDraft(['one']);
      draft.content.clear();
      await expect(store.put(draft)).rejects.toMatchObject({
        code: 'store-failed',
        details: { absent: [digest('one')] },
      });
      expect(await store.has(draft.manifest.info.id)).toBe(false);
    });

    it.each([10, 3_000_000])(
      'makes no checkpoint of a content of %d bytes that changed since its digest was made',
      async (size) => {
        const draft = makeDraft([Buffer.alloc(size, 'a'), 'steady']);
        const [changing = ''] = digestsOf(draft);
        let opened = 0;
        async function* open(): AsyncGenerator<Uint8Array> {
          opened += 1;
          await Promise.resolve();
          yield Buffer.alloc(size, 'b');
        }
        draft.content.set(changing, { size, open });
        await expect(store.put(draft)).rejects.toMatchObject({ details: { changed: [changing] } });
        expect(opened).toBeGreaterThan(0);
        expect(await store.list()).toEqual([]);
      },
    );

    describe('much content', () => {
      const contents = Array.from({ length: 24 }, () => randomBytes(1024 * 1024));

      it('comes back, new and old together, and none of it twice', async () => {
        const first = makeDraft(contents.slice(0, 20));
        expect((await store.put(first)).newBytes).toBe(20 * 1024 * 1024);
        const second = makeDraft(contents);
        expect((await store.put(second)).newBytes).toBe(4 * 1024 * 1024);
        for (const { manifest } of [first, second]) {
          expect(await store.verify(manifest.info.id, 'full')).toEqual([]);
        }
        const found: string[] = [];
        await store.readContent(second.manifest.info.id, digestsOf(second), async (name, content) => {
          const pieces: Uint8Array[] = [];
          for await (const piece of content) pieces.push(piece);
          expect(digest(Buffer.concat(pieces))).toBe(name);
          found.push(name);
        });
        expect(found.sort()).toEqual(digestsOf(second).sort());
      });

      it('of which some changed since its digest was made: all of that is named, and nothing stored', async () => {
        const draft = makeDraft(contents);
        const changing = digestsOf(draft).filter((_, index) => index % 5 === 0);
        async function* open(): AsyncGenerator<Uint8Array> {
          await Promise.resolve();
          yield Buffer.alloc(1024 * 1024, 'other');
        }
        for (const name of changing) draft.content.set(name, { size: 1024 * 1024, open });
        const error: unknown = await store.put(draft).catch((reason: unknown) => reason);
        expect(error).toMatchObject({ details: { changed: expect.any(Array) as unknown } });
        const { changed } = (error as { details: { changed: string[] } }).details;
        expect([...changed].sort()).toEqual([...changing].sort());
        expect(await store.list()).toEqual([]);
        await store.put(makeDraft(contents));
        await store.sweep();
        expect((await store.usage()).bytes).toBeLessThan(25 * 1024 * 1024);
      });
    });

    it('refuses parts that are not those of the manifest', async () => {
      const draft = makeDraft(['one']);
      await expect(store.put({ ...draft, parts: { context: { note: 'other' } } })).rejects.toMatchObject({
        code: 'invalid-input',
      });
      await expect(store.put({ ...draft, parts: {} })).rejects.toMatchObject({ code: 'invalid-input' });
    });

    it('knows nothing of an id that was never put', async () => {
      const id = newId('cp');
      expect(await store.has(id)).toBe(false);
      await expect(store.manifest(id)).rejects.toMatchObject({ code: 'checkpoint-not-found' });
      await expect(store.verify(id, 'quick')).rejects.toMatchObject({ code: 'checkpoint-not-found' });
      await store.delete([id]);
    });

    it('lists what is there, and deletes it', async () => {
      const drafts = [makeDraft(['a']), makeDraft(['b']), makeDraft(['c'])];
      for (const draft of drafts) await store.put(draft);
      const ids = drafts.map(({ manifest }) => manifest.info.id).sort();
      const listed = await store.list();
      expect(listed.map(({ id }) => id)).toEqual(ids);
      expect(listed[0]).toMatchObject({
        createdAt: '2026-01-02T03:04:05.678Z',
        checksum: expect.stringMatching(/^[0-9a-f]{64}$/),
      });
      await store.delete(ids.slice(0, 2));
      expect((await store.list()).map(({ id }) => id)).toEqual(ids.slice(2));
      expect(await store.usage()).toMatchObject({ checkpoints: 1 });
    });

    it('frees what only deleted checkpoints referred to, and nothing else', async () => {
      const large = Buffer.from(Array.from({ length: 200_000 }, (_, at) => (at * 2654435761) % 251));
      const gone = makeDraft([large, 'shared']);
      const kept = makeDraft(['shared', 'own']);
      await store.put(gone);
      await store.put(kept);
      expect((await store.sweep()).freedBytes).toBe(0);
      await store.delete([gone.manifest.info.id]);
      expect((await store.sweep()).freedBytes).toBeGreaterThan(0);
      expect(await store.hasContent([digest(large)])).toEqual(new Set());
      expect(await store.verify(kept.manifest.info.id, 'full')).toEqual([]);
      expect((await readAll(store, kept.manifest.info.id, [digest('shared')])).get(digest('shared'))?.toString()).toBe(
        'shared',
      );
      const again = makeDraft([large]);
      expect(await store.put(again)).toMatchObject({ newBytes: large.length });
      expect(await store.verify(again.manifest.info.id, 'full')).toEqual([]);
    });

    describe('bundles', () => {
      let directory: string;
      let other: StoreUnderTest;
      const at = (name: string): string => join(directory, name);
      beforeEach(async () => {
        directory = await mkdtemp(join(tmpdir(), 'rerail-bundle-'));
        other = await open();
      });
      afterEach(async () => {
        await other.close();
        await rm(directory, { recursive: true, force: true });
      });

      const contents = ['', 'shared', Buffer.from([0, 255, 10, 13]), Buffer.alloc(3_000_000, 'large')];
      const putDraft = async (texts: readonly (Buffer | string)[] = contents) => {
        const draft = makeDraft(texts, { parts: { context: { b: [1, null, 'ü\n'] }, agentStates: {} } });
        return { draft, id: draft.manifest.info.id, receipt: await store.put(draft) };
      };
      const expectUntouched = async (): Promise<void> => {
        expect(await other.store.list()).toEqual([]);
        expect(await other.store.check()).toEqual([]);
        await other.store.sweep();
      };

      it('carries a checkpoint to another store whole', async () => {
        await store.put(makeDraft(['shared', 'not of this checkpoint']));
        const { draft, id, receipt } = await putDraft();
        const { sha256, size } = await store.exportBundle(id, at('bundle'));
        const bytes = await readFile(at('bundle'));
        expect({ sha256, size }).toEqual({ sha256: digest(bytes), size: bytes.length });

        expect(await other.store.importBundle(id, at('bundle'))).toEqual(receipt);
        expect(await other.store.receipt(id)).toEqual(receipt);
        expect(await other.store.list()).toEqual((await store.list()).filter((listed) => listed.id === id));
        expect(await other.store.manifest(id)).toEqual(draft.manifest);
        for (const name of Object.keys(draft.parts))
          expect(await other.store.part(id, name)).toEqual(draft.parts[name]);
        const found = await readAll(other.store, id, digestsOf(draft));
        for (const text of contents) expect(found.get(digest(text))?.equals(Buffer.from(text))).toBe(true);
        expect(await other.store.hasContent([digest('not of this checkpoint')])).toEqual(new Set());
        expect(await other.store.verify(id, 'full')).toEqual([]);
        await other.store.sweep();
        expect(await other.store.verify(id, 'full')).toEqual([]);
      });

      it('takes a bundle into a store that has some of its content, and shares it from then on', async () => {
        const { id } = await putDraft();
        await store.exportBundle(id, at('bundle'));
        const resident = makeDraft(['shared']);
        await other.store.put(resident);
        await other.store.importBundle(id, at('bundle'));
        expect(await other.store.put(makeDraft([Buffer.alloc(3_000_000, 'large')]))).toMatchObject({ newBytes: 0 });
        await other.store.delete([id]);
        await other.store.sweep();
        expect(await other.store.verify(resident.manifest.info.id, 'full')).toEqual([]);
        expect(await other.store.list()).toHaveLength(2);
      });

      it('answers a second import as the first, one after the other and at once', async () => {
        const { id, receipt } = await putDraft();
        await store.exportBundle(id, at('bundle'));
        const imports = () => other.store.importBundle(id, at('bundle'));
        expect(await Promise.all([imports(), imports()])).toEqual([receipt, receipt]);
        expect(await imports()).toEqual(receipt);
        expect(await store.importBundle(id, at('bundle'))).toEqual(receipt);
        expect(await other.store.list()).toHaveLength(1);
      });

      it('refuses another checkpoint under an id that is taken', async () => {
        const { id } = await putDraft();
        await store.exportBundle(id, at('bundle'));
        const resident = makeDraft(['resident'], { id });
        await other.store.put(resident);
        await expect(other.store.importBundle(id, at('bundle'))).rejects.toMatchObject({ code: 'checkpoint-invalid' });
        expect(await other.store.manifest(id)).toEqual(resident.manifest);
        expect(await other.store.check()).toEqual([]);
      });

      it('refuses a bundle with a flipped bit, wherever it is', async () => {
        const { id } = await putDraft();
        await store.exportBundle(id, at('bundle'));
        const bytes = await readFile(at('bundle'));
        const last = bytes.length - 1;
        const offsets = [0, 3, 20, 50, 70, 100, 130, 150, 160, 165, 170, last - 40, last - 31, last];
        for (let at = 1; at < 12; at += 1) offsets.push(Math.floor((bytes.length * at) / 12));
        for (const offset of offsets) {
          const flipped = Buffer.from(bytes);
          flipped.writeUInt8(flipped.readUInt8(offset) ^ 4, offset);
          await writeFile(at('flipped'), flipped);
          await expect(other.store.importBundle(id, at('flipped')), String(offset)).rejects.toMatchObject({
            code: 'checkpoint-corrupt',
          });
        }
        await expectUntouched();
      });

      it('refuses a bundle that is cut short, has more behind its end, is of another id, or none', async () => {
        const { id } = await putDraft();
        const { size } = await store.exportBundle(id, at('bundle'));
        const bytes = await readFile(at('bundle'));
        const refused = { code: 'checkpoint-corrupt' };
        for (const kept of [0, 1, 64, 65, 100, 165, 180, size >> 1, size - 33, size - 1]) {
          await writeFile(at('cut'), bytes.subarray(0, kept));
          await expect(other.store.importBundle(id, at('cut')), String(kept)).rejects.toMatchObject(refused);
        }
        for (const more of [Buffer.from('x'), randomBytes(300_000)]) {
          await writeFile(at('longer'), Buffer.concat([bytes, more]));
          await expect(other.store.importBundle(id, at('longer'))).rejects.toMatchObject(refused);
        }
        await expect(other.store.importBundle(newId('cp'), at('bundle'))).rejects.toMatchObject(refused);
        await writeFile(at('random'), randomBytes(50_000));
        await expect(other.store.importBundle(id, at('random'))).rejects.toMatchObject(refused);
        await expectUntouched();
        expect(await other.store.importBundle(id, at('bundle'))).toMatchObject({ newBytes: 3_000_010 });
      });

      it('exports nothing of an id that was never put', async () => {
        await expect(store.exportBundle(newId('cp'), at('bundle'))).rejects.toMatchObject({
          code: 'checkpoint-not-found',
        });
      });
    });

    it('keeps every one of many concurrent puts', async () => {
      const drafts = Array.from({ length: 12 }, (_, at) => makeDraft(['shared', `own ${String(at)}`]));
      await Promise.all(drafts.map((draft) => store.put(draft)));
      for (const { manifest } of drafts) expect(await store.verify(manifest.info.id, 'full')).toEqual([]);
      expect(await store.list()).toHaveLength(12);
    });
  });
}
