import { DEFAULT_EXCLUDES } from '../../domain/checkpoint.ts';
import type { CheckpointInfo, CheckpointRecord, FileEntry, StateParts } from '../../domain/checkpoint.ts';
import { CheckpointInfoSchema, GitStateSchema, StatePartsSchema } from '../../domain/checkpoint.schema.ts';
import { isRerailError } from '../../domain/errors.ts';
import { parseInput } from '../../domain/parse-input.ts';
import { checkRoot } from '../files/check-root.ts';
import { entryKey } from '../files/entry-path.ts';
import { settleRestore } from '../files/restore-files.ts';
import { scanTree } from '../files/scan-tree.ts';
import type { Scan } from '../files/scan-tree.ts';
import { buildDraft } from './build-draft.ts';
import type { Gathered } from './build-draft.ts';
import type { CheckpointContext } from './checkpoint-context.ts';
import { makeRecord, readRecord } from './checkpoint-record.ts';
import { gatherParts, readParent } from './gather-parts.ts';
import { requireRoom } from './require-room.ts';
import { withCaptureDirectory } from './capture-directory.ts';

export interface CaptureInput {
  /** `info.id` is the caller's choice: the same id again answers with the checkpoint that is there. */
  info: CheckpointInfo;
  root?: string;
  exclude?: readonly string[];
  state?: StateParts;
  /** A checkpoint of the same root, whose unchanged files need not be read. */
  parentId?: string;
  includeGit?: boolean;
  /** False for a backup of a restore that leaves artifacts alone. Default: their current versions are recorded. */
  artifacts?: boolean;
  /** Names of providers whose state goes along. */
  providers?: readonly string[];
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
export function captureTree(
  context: CheckpointContext,
  input: CaptureInput & { scanned?: readonly FileEntry[] },
  root: string | undefined,
): Promise<CheckpointRecord> {
  const startedAt = performance.now();
  return withCaptureDirectory(context.dataDir, async (directory) => {
    const parent = root === undefined ? undefined : await readParent(context, input, root);
    const gathered: Omit<Gathered, 'scan' | 'elapsedMs'> = {
      exclude: [...(input.exclude ?? DEFAULT_EXCLUDES)],
      ...(await gatherParts(context, input, { root, parent, directory })),
      createdAt: context.now(),
    };
    return storeTree(context, input, {
      gathered,
      root,
      previous: byKey(input.scanned ?? parent?.files ?? []),
      startedAt,
    });
  });
}

interface TreeOrder {
  gathered: Omit<Gathered, 'scan' | 'elapsedMs'>;
  root: string | undefined;
  previous: ReadonlyMap<string, FileEntry>;
  startedAt: number;
}

/** Scans and stores; again when files changed in between, and in the end without those that never stood still. */
async function storeTree(
  context: CheckpointContext,
  input: CaptureInput,
  { gathered, root, startedAt, ...order }: TreeOrder,
): Promise<CheckpointRecord> {
  let { previous } = order;
  for (let attempt = 1; ; attempt += 1) {
    context.progress('scan');
    const scan = root === undefined ? undefined : await scanRoot(context, root, gathered.exclude, previous);
    await context.failpoint('capture.scanned');
    const elapsedMs = performance.now() - startedAt;
    try {
      context.progress('store');
      return await store(context, input, { ...gathered, scan, elapsedMs });
    } catch (error) {
      const changed = changedDigests(error);
      if (changed === undefined || scan === undefined) throw error;
      if (attempt >= ATTEMPTS) return store(context, input, { ...gathered, scan: without(scan, changed), elapsedMs });
      previous = byKey(scan.entries.filter((entry) => entry.type !== 'file' || !changed.has(entry.sha256)));
    }
  }
}

/** The last resort: what never stood still is left out, and the checkpoint says so. */
function without(scan: Scan, changed: ReadonlySet<string>): Scan {
  const torn = scan.entries.filter((entry) => entry.type === 'file' && changed.has(entry.sha256));
  return {
    ...scan,
    entries: scan.entries.filter((entry) => !torn.includes(entry)),
    skipped: [...scan.skipped, ...torn.map(({ path }) => ({ path, reason: 'torn' }))],
  };
}

async function store(context: CheckpointContext, input: CaptureInput, gathered: Gathered): Promise<CheckpointRecord> {
  const draft = buildDraft(context, input.info, gathered);
  await requireRoom(context, draft);
  const receipt = await context.store.put(draft);
  const { artifacts } = draft.parts;
  const { manifest } = draft;
  const git = draft.parts.git === undefined ? null : GitStateSchema.parse(draft.parts.git);
  // Without a tree it is nobody's parent.
  if (manifest.scope !== undefined) context.recent.keep({ manifest, git }, input.parentId);
  const state = { ...input.state, ...(artifacts === undefined ? {} : StatePartsSchema.parse({ artifacts })) };
  return makeRecord({ manifest, receipt, state, git });
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

const byKey = (entries: readonly FileEntry[]): Map<string, FileEntry> =>
  new Map(entries.map((entry) => [entryKey(entry), entry]));

function changedDigests(error: unknown): Set<string> | undefined {
  const changed = isRerailError(error) ? error.details['changed'] : undefined;
  return Array.isArray(changed) ? new Set(changed as string[]) : undefined;
}
