import { canonicalJson } from '../../domain/canonical-json.ts';
import type { Json } from '../../domain/canonical-json.ts';
import { DEFAULT_EXCLUDES } from '../../domain/checkpoint.ts';
import type { CheckpointInfo, CheckpointRecord, FileEntry, Manifest, StateParts } from '../../domain/checkpoint.ts';
import { CheckpointInfoSchema, GitStateSchema, StatePartsSchema } from '../../domain/checkpoint.schema.ts';
import { isRerailError } from '../../domain/errors.ts';
import { sha256 } from '../../store/checkpoint-format.ts';
import type { CheckpointDraft } from '../../store/checkpoint-store.ts';
import { checkRoot } from '../files/check-root.ts';
import { entryKey, locate } from '../files/entry-path.ts';
import { readPrefix } from '../files/hash-file.ts';
import { settleRestore } from '../files/restore-files.ts';
import { scanTree } from '../files/scan-tree.ts';
import type { Scan } from '../files/scan-tree.ts';
import { readGitState } from '../git/read-git-state.ts';
import { parseInput } from './checkpoint-context.ts';
import type { CheckpointContext } from './checkpoint-context.ts';
import { makeRecord, readRecord } from './checkpoint-record.ts';

export interface CaptureInput {
  /** `info.id` is the caller's choice: the same id again answers with the checkpoint that is there. */
  info: CheckpointInfo;
  root?: string;
  exclude?: readonly string[];
  state?: StateParts;
  /** A checkpoint of the same root, whose unchanged files need not be read. */
  parentId?: string;
  includeGit?: boolean;
}

const ATTEMPTS = 3;

export async function captureCheckpoint(context: CheckpointContext, input: CaptureInput): Promise<CheckpointRecord> {
  const info = parseInput(CheckpointInfoSchema, input.info, 'The description of the checkpoint');
  const state = parseInput(StatePartsSchema, input.state ?? {}, `The state of checkpoint ${info.id}`);
  if (await context.store.has(info.id)) return readRecord(context.store, info.id);
  const root = input.root === undefined ? undefined : await checkRoot(input.root, context);
  // A tree that a killed restore left half done is brought to its end first: it is nobody's state.
  if (root !== undefined) await settleRestore(context, root);
  return captureTree(context, { ...input, info, state }, root);
}

/** The capture itself, of a root that is checked and settled. `scanned`: what a scan just found there. */
export async function captureTree(
  context: CheckpointContext,
  input: CaptureInput & { scanned?: readonly FileEntry[] },
  root: string | undefined,
): Promise<CheckpointRecord> {
  const startedAt = performance.now();
  const exclude = [...(input.exclude ?? DEFAULT_EXCLUDES)];
  let previous = byKey(input.scanned ?? (root === undefined ? [] : await previousEntries(context, input, root)));
  const parts = await gatherParts(context, input, root);
  const createdAt = context.now();
  for (let attempt = 1; ; attempt += 1) {
    context.progress('scan');
    const scan = root === undefined ? undefined : await scanRoot(context, root, exclude, previous);
    await context.failpoint('capture.scanned');
    const draft = buildDraft(context, input, {
      scan,
      exclude,
      parts,
      createdAt,
      elapsedMs: performance.now() - startedAt,
    });
    try {
      context.progress('store');
      return await store(context, input, draft);
    } catch (error) {
      const changed = changedDigests(error);
      if (changed === undefined || scan === undefined) throw error;
      const steady = scan.entries.filter((entry) => entry.type !== 'file' || !changed.has(entry.sha256));
      if (attempt >= ATTEMPTS) {
        return await putWithout(
          context,
          input,
          { scan, exclude, parts, createdAt, elapsedMs: performance.now() - startedAt },
          changed,
        );
      }
      previous = byKey(steady);
    }
  }
}

interface Gathered {
  scan: Scan | undefined;
  exclude: string[];
  parts: Record<string, Json>;
  createdAt: string;
  elapsedMs: number;
}

/** The last resort: what never stood still is left out, and the checkpoint says so. */
async function putWithout(
  context: CheckpointContext,
  input: CaptureInput,
  gathered: Gathered & { scan: Scan },
  changed: ReadonlySet<string>,
): Promise<CheckpointRecord> {
  const { scan } = gathered;
  const torn = scan.entries.filter((entry) => entry.type === 'file' && changed.has(entry.sha256));
  const rest: Scan = {
    ...scan,
    entries: scan.entries.filter((entry) => !torn.includes(entry)),
    skipped: [...scan.skipped, ...torn.map(({ path }) => ({ path, reason: 'torn' }))],
  };
  return store(context, input, buildDraft(context, input, { ...gathered, scan: rest }));
}

async function store(
  context: CheckpointContext,
  input: CaptureInput,
  draft: CheckpointDraft,
): Promise<CheckpointRecord> {
  const receipt = await context.store.put(draft);
  const git = draft.parts['git'];
  return makeRecord({
    manifest: draft.manifest,
    receipt,
    state: input.state ?? {},
    git: git === undefined ? null : GitStateSchema.parse(git),
  });
}

function scanRoot(
  context: CheckpointContext,
  root: string,
  exclude: string[],
  previous: ReadonlyMap<string, FileEntry>,
): Promise<Scan> {
  return scanTree(root, {
    exclude,
    previous,
    signal: context.signal,
    progress: (done) => {
      context.progress('scan', done);
    },
    ...(context.limits === undefined ? {} : { limits: context.limits }),
  });
}

async function previousEntries(
  context: CheckpointContext,
  { parentId }: CaptureInput,
  root: string,
): Promise<readonly FileEntry[]> {
  if (parentId === undefined) return [];
  // Only a saving of time: a parent that is gone or damaged means that all files are read.
  const manifest = await context.store.manifest(parentId).catch(() => undefined);
  if (manifest?.scope?.root !== root || manifest.host !== context.host) return [];
  return manifest.files ?? [];
}

const byKey = (entries: readonly FileEntry[]): Map<string, FileEntry> =>
  new Map(entries.map((entry) => [entryKey(entry), entry]));

async function gatherParts(
  context: CheckpointContext,
  input: CaptureInput,
  root: string | undefined,
): Promise<Record<string, Json>> {
  const git = root === undefined || input.includeGit === false ? null : await readGitState(root, context.signal);
  const given = Object.entries(input.state ?? {}).filter(([, value]) => value !== undefined);
  return { ...(Object.fromEntries(given) as Record<string, Json>), ...(git === null ? {} : { git: git as Json }) };
}

function buildDraft(context: CheckpointContext, input: CaptureInput, gathered: Gathered): CheckpointDraft {
  const { scan, exclude, parts, createdAt, elapsedMs } = gathered;
  const digests = Object.entries(parts).map(([name, value]) => {
    const text = canonicalJson(value);
    return [name, { sha256: sha256(text), size: Buffer.byteLength(text) }] as const;
  });
  const manifest: Manifest = {
    schemaVersion: 1,
    info: input.info,
    createdAt,
    host: context.host,
    parts: Object.fromEntries(digests),
    ...(scan === undefined ? {} : { scope: { root: scan.root, exclude }, files: scan.entries }),
    skipped: scan?.skipped ?? [],
  };
  const content: CheckpointDraft['content'] = new Map();
  for (const entry of scan?.entries ?? []) {
    if (entry.type !== 'file' || scan === undefined) continue;
    const path = locate(scan.root, entry);
    content.set(entry.sha256, { size: entry.size, open: () => readPrefix(path, entry.size) });
  }
  return { manifest, parts, content, elapsedMs };
}

function changedDigests(error: unknown): Set<string> | undefined {
  const changed = isRerailError(error) ? error.details['changed'] : undefined;
  return Array.isArray(changed) ? new Set(changed as string[]) : undefined;
}
