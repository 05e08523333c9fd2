import type { CheckpointInfo, CheckpointPart, FileEntry, GitState, Manifest } from '../../domain/checkpoint.ts';
import { CheckpointIdSchema, CheckpointInfoSchema } from '../../domain/checkpoint.schema.ts';
import { RerailError } from '../../domain/errors.ts';
import { RestoreOptionsSchema } from '../../domain/rollback.schema.ts';
import type { RestoreOptions } from '../../domain/rollback.schema.ts';
import { checkEntries } from '../files/check-entries.ts';
import { checkRestoreRoot } from '../files/check-root.ts';
import { scanTree } from '../files/scan-tree.ts';
import type { Scan } from '../files/scan-tree.ts';
import { parseInput } from './checkpoint-context.ts';
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
  const parts = input.options.parts ?? available;
  const absent = parts.filter((part) => !available.includes(part));
  if (absent.length > 0)
    throw invalid(
      `Checkpoint ${input.checkpointId} has no ${absent.join(', ')}`,
      `Choose among its parts: ${available.join(', ')}.`,
    );
  const files = parts.includes('files') ? manifest.files : undefined;
  const git = await readGitPart(context.store, manifest);
  const named = input.root ?? manifest.scope?.root;
  if (files === undefined || named === undefined)
    return { input, manifest, checksum, parts, root: named ?? '', exists: false, files: undefined, git };
  checkEntries(files, manifest.scope?.exclude ?? []);
  const { path, exists } = await checkRestoreRoot(named, context);
  return { input, manifest, checksum, parts, root: path, exists, files, git };
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
});

export const invalid = (message: string, remedy: string): RerailError =>
  new RerailError('invalid-input', message, { remedy, nonRetryable: true });
