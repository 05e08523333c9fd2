import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { CheckpointIdSchema } from '../../domain/checkpoint.schema.ts';
import type { Manifest } from '../../domain/checkpoint.ts';
import { corrupt, decodeManifest, notFound, requireId } from '../checkpoint-format.ts';
import { runGit } from './git-command.ts';
import type { GitRepository } from './git-command.ts';
import { readSmallObjects } from './read-objects.ts';

/** The commit message. */
const HeaderSchema = z.object({
  version: z.literal(1),
  checksum: z.string().regex(/^[0-9a-f]{64}$/),
  createdAt: z.string(),
  newBytes: z.number(),
  durationMs: z.number(),
});
export type CheckpointHeader = z.infer<typeof HeaderSchema>;

export const refOf = (id: string): string => `refs/checkpoints/${requireId(id)}`;

const OID = /^[0-9a-f]{64}$/;

/** Commits by checkpoint id. Read from the ref files themselves, which spares a process; git is asked where it packed them. */
export async function listRefs(repository: GitRepository): Promise<Map<string, string>> {
  if (existsSync(join(repository.gitDir, 'packed-refs'))) return listRefsWithGit(repository);
  const directory = join(repository.gitDir, 'refs', 'checkpoints');
  const refs = new Map<string, string>();
  for (const id of (await readdir(directory)).sort()) {
    if (!CheckpointIdSchema.safeParse(id).success) continue;
    const oid = (await readFile(join(directory, id), 'latin1').catch(() => '')).trim();
    if (OID.test(oid)) refs.set(id, oid);
    else if (existsSync(join(directory, id)))
      repository.logger.warn({ checkpointId: id }, 'The ref of a checkpoint is damaged');
  }
  return refs;
}

/** Checkpoints whose ref file is there and names no object. */
export async function listDamagedRefs(repository: GitRepository): Promise<string[]> {
  const refs = await listRefs(repository);
  const ids = await readdir(join(repository.gitDir, 'refs', 'checkpoints'));
  return ids.filter((id) => CheckpointIdSchema.safeParse(id).success && !refs.has(id));
}

async function listRefsWithGit(repository: GitRepository): Promise<Map<string, string>> {
  const text = (
    await runGit(repository, ['for-each-ref', '--format=%(objectname) %(refname:lstrip=2)', 'refs/checkpoints/'])
  ).toString();
  const lines = text.split('\n').filter((line) => line !== '');
  return new Map(lines.map((line) => [line.slice(line.indexOf(' ') + 1), line.slice(0, line.indexOf(' '))]));
}

export function parseHeader(commit: Buffer): CheckpointHeader | undefined {
  const text = commit.toString('utf8');
  try {
    return HeaderSchema.parse(JSON.parse(text.slice(text.indexOf('\n\n') + 2)));
  } catch {
    return undefined;
  }
}

export interface OpenedCheckpoint {
  id: string;
  commit: string;
  header: CheckpointHeader;
}

/** Reads small objects of one checkpoint in one go: its header, and files of its tree by path. */
export async function openCheckpoint(
  repository: GitRepository,
  id: string,
  paths: readonly string[] = [],
): Promise<OpenedCheckpoint & { files: Map<string, Buffer> }> {
  const ref = refOf(id);
  const found = await readSmallObjects(repository, [ref, ...paths.map((path) => `${ref}:${path}`)]);
  const commit = found.get(ref);
  if (commit === undefined || 'problem' in commit) {
    if (commit?.problem === 'it is missing' && !refFileExists(repository, id)) throw notFound(id);
    throw corrupt(id, ['header'], commit?.problem ?? 'it cannot be read');
  }
  const header = parseHeader(commit.bytes);
  if (header === undefined) throw corrupt(id, ['header'], 'it does not parse');
  const files = new Map<string, Buffer>();
  for (const path of paths) {
    const file = found.get(`${ref}:${path}`);
    if (file === undefined || 'problem' in file) throw corrupt(id, [path], file?.problem ?? 'it cannot be read');
    files.set(path, file.bytes);
  }
  return { id, commit: commit.oid, header, files };
}

export async function openManifest(
  repository: GitRepository,
  id: string,
): Promise<OpenedCheckpoint & { manifest: Manifest }> {
  const { files, ...opened } = await openCheckpoint(repository, id, ['manifest.json']);
  const text = files.get('manifest.json')?.toString('utf8') ?? '';
  return { ...opened, manifest: decodeManifest(id, text, opened.header.checksum) };
}

/** A ref whose file is there and which git cannot follow is damaged, not absent. */
export function refFileExists(repository: GitRepository, id: string): boolean {
  return existsSync(join(repository.gitDir, refOf(id)));
}

/** Object ids of everything in a checkpoint's tree, by path. */
export async function listTree(repository: GitRepository, id: string, commit: string): Promise<Map<string, string>> {
  const text = await runGit(repository, ['ls-tree', '-r', '-z', commit]).catch((error: unknown) => {
    throw corrupt(id, ['tree'], 'its list of contents cannot be read', error);
  });
  const paths = new Map<string, string>();
  for (const line of text.toString('latin1').split('\0')) {
    const tab = line.indexOf('\t');
    if (tab > 0) paths.set(line.slice(tab + 1), line.slice(tab - 64, tab));
  }
  return paths;
}

export const contentPath = (digest: string): string => `b/${digest.slice(0, 2)}/${digest}`;
export const partPath = (name: string): string => `p/${name}.json`;
