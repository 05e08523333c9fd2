import { readFileSync } from 'node:fs';
import { createTwoFilesPatch } from 'diff';
import type { FileEntry } from '../../domain/checkpoint.ts';
import { createRedactor } from '../../telemetry/redact.ts';
import type { CheckpointStore } from '../../store/checkpoint-store.ts';
import { locate } from './entry-path.ts';
import type { TreeChange } from './plan-tree.ts';

/** A diff is for a person to read, and travels in Temporal's history. */
const FILE_BYTES = 256 * 1024;
const TOTAL_BYTES = 150 * 1024;
const SECRET_NAMES = /(^|\/)(\.env[^/]*|id_[a-z0-9]+|[^/]*\.(pem|key|p12|pfx|keystore)|\.netrc|\.npmrc|\.pgpass)$/i;

export interface DiffOrder {
  store: CheckpointStore;
  checkpointId: string;
  root: string;
  changes: readonly TreeChange[];
}

type File = FileEntry & { type: 'file' };

const asFile = (entry: FileEntry | undefined): File | undefined => (entry?.type === 'file' ? entry : undefined);

const isText = (bytes: Uint8Array): boolean => !bytes.subarray(0, 8000).includes(0);

/** Unified diffs by path, from what is there to what was captured. Secrets are masked; other kinds of content say why. */
export async function diffText({ store, checkpointId, root, changes }: DiffOrder): Promise<Map<string, string>> {
  const redact = createRedactor();
  const diffs = new Map<string, string>();
  const asked: { path: string; want: File | undefined; now: File | undefined }[] = [];
  for (const { change, want, present } of changes) {
    const [captured, now] = [asFile(want), asFile(present)];
    const path = (want ?? present)?.path ?? '';
    if (change === 'metadata' || (captured === undefined && now === undefined)) continue;
    const size = Math.max(captured?.size ?? 0, now?.size ?? 0);
    if (SECRET_NAMES.test(path)) diffs.set(path, 'not shown: a file of this name may hold secrets');
    else if (size > FILE_BYTES) diffs.set(path, `not shown: ${size} bytes`);
    else asked.push({ path, want: captured, now });
  }
  const contents = new Map<string, Buffer>();
  const digests = [...new Set(asked.flatMap(({ want }) => (want === undefined ? [] : [want.sha256])))];
  await store.readContent(checkpointId, digests, async (digest, content) => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of content) chunks.push(chunk);
    contents.set(digest, Buffer.concat(chunks));
  });
  let left = TOTAL_BYTES;
  for (const { path, want, now } of asked) {
    const before = now === undefined ? Buffer.alloc(0) : readFileSync(locate(root, now));
    const after = want === undefined ? Buffer.alloc(0) : (contents.get(want.sha256) ?? Buffer.alloc(0));
    const text = !isText(before) || !isText(after) ? 'not shown: not text' : redact(patchOf(path, before, after));
    left -= Buffer.byteLength(text);
    diffs.set(path, left < 0 ? 'not shown: the diffs are too long' : text);
  }
  return diffs;
}

function patchOf(path: string, before: Buffer, after: Buffer): string {
  const patch = createTwoFilesPatch(
    path,
    path,
    before.toString('utf8'),
    after.toString('utf8'),
    'present',
    'checkpoint',
  );
  // Its first two lines are a heading that says nothing more.
  return patch.slice(patch.indexOf('--- '));
}
