import { canonicalJson } from '../../domain/canonical-json.ts';
import { CHECKPOINT_PARTS, STATE_PARTS } from '../../domain/checkpoint.ts';
import type { CheckpointPart, CheckpointRecord, GitState, Manifest, StateParts } from '../../domain/checkpoint.ts';
import { CheckpointRecordSchema, GitStateSchema, StatePartsSchema } from '../../domain/checkpoint.schema.ts';
import type { CheckpointStore, PutResult } from '../../store/checkpoint-store.ts';

/** Above this the parts are fetched from the store: a payload of Temporal's history holds 2 MB at most. */
const INLINE_BYTES = 64 * 1024;

export function partsOf(manifest: Manifest): CheckpointPart[] {
  return CHECKPOINT_PARTS.filter((part) => (part === 'files' ? manifest.files !== undefined : part in manifest.parts));
}

/** What is stored of a checkpoint, or about to be: its record follows from this and nothing else. */
export interface StoredCheckpoint {
  manifest: Manifest;
  receipt: PutResult;
  state: StateParts;
  git: GitState | null;
}

export function makeRecord({ manifest, receipt, state, git }: StoredCheckpoint): CheckpointRecord {
  const files = manifest.files ?? [];
  const inline = Object.keys(state).length > 0 && Buffer.byteLength(canonicalJson(state)) < INLINE_BYTES;
  return CheckpointRecordSchema.parse({
    info: manifest.info,
    state: manifest.skipped.length === 0 ? 'complete' : 'partial',
    ...(manifest.skipped.length === 0 ? {} : { stateReason: describeSkipped(manifest) }),
    createdAt: manifest.createdAt,
    host: manifest.host,
    ...(manifest.scope === undefined ? {} : { root: manifest.scope.root }),
    checksum: receipt.checksum,
    parts: partsOf(manifest),
    fileCount: files.filter(({ type }) => type !== 'dir').length,
    totalBytes: files.reduce((sum, entry) => sum + (entry.type === 'file' ? entry.size : 0), 0),
    newBytes: receipt.newBytes,
    skipped: manifest.skipped.length,
    durationMs: receipt.durationMs,
    ...(inline ? { inline: state } : {}),
    ...(git === null ? {} : { gitHead: git.head }),
  } satisfies CheckpointRecord);
}

/** The record of a checkpoint that was captured before. */
export async function readRecord(store: CheckpointStore, id: string): Promise<CheckpointRecord> {
  const manifest = await store.manifest(id);
  const [receipt, state, git] = await Promise.all([
    store.receipt(id),
    readState(store, manifest, partsOf(manifest)),
    readGitPart(store, manifest),
  ]);
  return makeRecord({ manifest, receipt, state, git });
}

function describeSkipped({ skipped }: Manifest): string {
  const shown = skipped.slice(0, 5).map(({ path, reason }) => `${path} (${reason})`);
  return `not captured: ${shown.join(', ')}${skipped.length > 5 ? ` and ${String(skipped.length - 5)} more` : ''}`;
}

/** The state parts among those asked for. */
export async function readState(
  store: CheckpointStore,
  manifest: Manifest,
  parts: readonly CheckpointPart[],
): Promise<StateParts> {
  const wanted = STATE_PARTS.filter(
    (part) => part !== 'git' && part !== 'system' && parts.includes(part) && part in manifest.parts,
  );
  const values = await Promise.all(
    wanted.map(async (part) => [part, await store.part(manifest.info.id, part)] as const),
  );
  return StatePartsSchema.parse(Object.fromEntries(values));
}

export async function readGitPart(store: CheckpointStore, manifest: Manifest): Promise<GitState | null> {
  return 'git' in manifest.parts ? GitStateSchema.parse(await store.part(manifest.info.id, 'git')) : null;
}
