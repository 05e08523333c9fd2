import type { CheckpointInfo, CheckpointPart, FileEntry, GitState, Manifest } from '../../domain/checkpoint.ts';
import { CheckpointIdSchema, CheckpointInfoSchema } from '../../domain/checkpoint.schema.ts';
import { RerailError } from '../../domain/errors.ts';
import { parseInput } from '../../domain/parse-input.ts';
import { RestoreOptionsSchema } from '../../domain/rollback.schema.ts';
import type { RestoreOptions } from '../../domain/rollback.schema.ts';
import { checkEntries } from '../files/check-entries.ts';
import { checkRestoreRoot } from '../files/check-root.ts';
import { DEFAULT_LIMITS, requireWithin, scanTree } from '../files/scan-tree.ts';
import type { Scan } from '../files/scan-tree.ts';
import { selectTree } from '../files/select-tree.ts';
import type { TreeSelection } from '../files/select-tree.ts';
import type { CheckpointContext } from './checkpoint-context.ts';
import { partsOf, readGitPart } from './checkpoint-record.ts';

export interface RestoreInput {
  checkpointId: string;
  /** Default: where it was captured. */
  root?: string;
  /** Where the present state is kept before it changes. An id that exists already means a repeated attempt. */
  backup: { id: string; info: CheckpointInfo } | null;
  options: RestoreOptions;
}

export interface Prepared {
  input: RestoreInput;
  manifest: Manifest;
  checksum: string;
  parts: CheckpointPart[];
  root: string;
  /** False when the directory is gone: the restore makes it. */
  exists: boolean;
  /** Undefined when no files are to be restored. */
  files: FileEntry[] | undefined;
  git: GitState | null;
  /** Asked for by name: then the repository is restored and not only compared. */
  restoresGit: boolean;
  restoresFiles: boolean;
  /** Items that the store has lost and that are left out. */
  lost: ReadonlySet<string>;
}

export function parseRestoreInput(raw: RestoreInput): RestoreInput {
  const checkpointId = parseInput(CheckpointIdSchema, raw.checkpointId, 'The checkpoint id');
  const options = parseInput(RestoreOptionsSchema, raw.options, 'The options of the restore');
  if (raw.backup === null) return { ...raw, checkpointId, options };
  const info = parseInput(
    CheckpointInfoSchema,
    { ...raw.backup.info, id: raw.backup.id },
    'The description of the backup',
  );
  return { ...raw, checkpointId, options, backup: { id: info.id, info } };
}

/** Reads the checkpoint and checks what is asked for, before anything is looked at on disk but the root. */
export async function prepareRestore(context: CheckpointContext, input: RestoreInput): Promise<Prepared> {
  const manifest = await context.store.manifest(input.checkpointId);
  const { checksum } = await context.store.receipt(input.checkpointId);
  const available = partsOf(manifest);
  const parts = partsAsked(input.options) ?? available;
  const absent = parts.filter((part) => !available.includes(part));
  if (absent.length > 0)
    throw invalid(
      `Checkpoint ${input.checkpointId} has no ${absent.join(', ')}`,
      `Choose among its parts: ${available.join(', ')}.`,
    );
  const files = parts.includes('files') || asksForGit(input.options) ? manifest.files : undefined;
  const lost = await findLost(context, input);
  const git = lost.has('part git') ? null : await readGitPart(context.store, manifest);
  const named = input.root ?? manifest.scope?.root;
  if (files === undefined || named === undefined)
    return {
      input,
      manifest,
      checksum,
      parts,
      root: named ?? '',
      exists: false,
      files: undefined,
      git,
      restoresGit: false,
      restoresFiles: false,
      lost,
    };
  const restoresGit = asksForGit(input.options) && git !== null;
  checkEntries(files, manifest.scope?.exclude ?? []);
  // Beyond the limits the verification would refuse to look at what the restore has made.
  const bytes = files.reduce((sum, entry) => sum + (entry.type === 'file' ? entry.size : 0), 0);
  requireWithin(context.limits ?? DEFAULT_LIMITS, named, files.length, bytes);
  const { path, exists } = await checkRestoreRoot(named, context);
  return {
    input,
    manifest,
    checksum,
    parts,
    root: path,
    exists,
    files,
    git,
    restoresGit,
    restoresFiles: parts.includes('files'),
    lost,
  };
}

const asksForGit = ({ parts, scope }: RestoreOptions): boolean =>
  scope?.git === true || parts?.includes('git') === true;

function partsAsked({ parts, scope }: RestoreOptions): CheckpointPart[] | undefined {
  if (parts !== undefined && scope !== undefined)
    throw invalid('Both parts and a scope are given', 'Name parts, or a scope with their items.');
  return scope === undefined ? parts : (Object.keys(scope) as CheckpointPart[]);
}

/** Reads every byte of the checkpoint first, since what is lost must be known before anything is changed. */
async function findLost({ store }: CheckpointContext, { checkpointId, options }: RestoreInput): Promise<Set<string>> {
  if (options.skipLost !== true) return new Set();
  return new Set((await store.verify(checkpointId, 'full')).map(({ item }) => item));
}

/** Narrows the captured tree to what is asked for and still there. */
export function selectFiles({ input, manifest, lost, files, restoresFiles }: Prepared, scan: Scan): TreeSelection {
  if (!restoresFiles) return { wanted: [], scan: { ...scan, entries: [] }, above: scan.entries, unknown: [] };
  const asked = input.options.scope?.files;
  const patterns = asked === true ? undefined : asked;
  return selectTree({ captured: files ?? [], skipped: manifest.skipped, patterns, lost }, scan);
}

/** Files that are restored to another place than theirs meet no repository they belong to. */
export function gitToMatch({ git, manifest, root }: Prepared): GitState | null {
  return manifest.scope?.root === root ? git : null;
}

/** Every byte is read: neither a plan nor a verification trusts a time stamp. */
export function scanRoot(context: CheckpointContext, { manifest, root }: Prepared, phase: string): Promise<Scan> {
  return scanTree(root, {
    exclude: manifest.scope?.exclude ?? [],
    signal: context.signal,
    progress: (done) => {
      context.progress(phase, done);
    },
    ...(context.limits === undefined ? {} : { limits: context.limits }),
  });
}

/** What a plan says of where it comes from. */
export const about = ({ input, checksum, root, parts }: Prepared) => ({
  checkpointId: input.checkpointId,
  checksum,
  root,
  parts,
  ...(input.options.scope === undefined ? {} : { scope: input.options.scope }),
});

export const invalid = (message: string, remedy: string): RerailError =>
  new RerailError('invalid-input', message, { remedy, nonRetryable: true });
