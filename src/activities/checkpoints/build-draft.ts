import { canonicalJson } from '../../domain/canonical-json.ts';
import type { Json } from '../../domain/canonical-json.ts';
import type { CheckpointInfo, Manifest } from '../../domain/checkpoint.ts';
import { sha256 } from '../../process/digests.ts';
import type { CheckpointDraft, NamedContent } from '../../store/checkpoint-store.ts';
import { locate } from '../files/entry-path.ts';
import { readPrefix } from '../files/hash-file.ts';
import type { Scan } from '../files/scan-tree.ts';
import type { CheckpointContext } from './checkpoint-context.ts';

/** All that goes into one checkpoint. */
export interface Gathered {
  scan: Scan | undefined;
  exclude: string[];
  parts: Record<string, Json>;
  blobs: NamedContent[];
  /** What the parts could not take along; it makes the checkpoint partial. */
  skipped: { path: string; reason: string }[];
  createdAt: string;
  elapsedMs: number;
}

export function buildDraft(context: CheckpointContext, info: CheckpointInfo, gathered: Gathered): CheckpointDraft {
  const { scan, exclude, parts, blobs, createdAt, elapsedMs } = gathered;
  const digests = Object.entries(parts).map(([name, value]) => {
    const text = canonicalJson(value);
    return [name, { sha256: sha256(text), size: Buffer.byteLength(text) }] as const;
  });
  const manifest: Manifest = {
    schemaVersion: 1,
    info,
    createdAt,
    host: context.host,
    parts: Object.fromEntries(digests),
    ...(scan === undefined ? {} : { scope: { root: scan.root, exclude }, files: scan.entries }),
    ...(blobs.length === 0
      ? {}
      : { blobs: Object.fromEntries(blobs.map(({ name, sha256: digest, size }) => [name, { sha256: digest, size }])) }),
    skipped: [...(scan?.skipped ?? []), ...gathered.skipped],
  };
  return { manifest, parts, content: sourcesOf(gathered), elapsedMs };
}

function sourcesOf({ scan, blobs }: Gathered): CheckpointDraft['content'] {
  const content: CheckpointDraft['content'] = new Map();
  for (const entry of scan?.entries ?? []) {
    if (entry.type !== 'file' || scan === undefined) continue;
    const path = locate(scan.root, entry);
    content.set(entry.sha256, { size: entry.size, open: () => readPrefix(path, entry.size) });
  }
  for (const { sha256: digest, size, open } of blobs) if (open !== undefined) content.set(digest, { size, open });
  return content;
}
