import { randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { GitState } from '../../domain/checkpoint.ts';
import { RerailError } from '../../domain/errors.ts';
import type { NamedContent } from '../../store/checkpoint-store.ts';
import { hashFile } from '../files/hash-file.ts';
import type { UserRepository } from './git-repository.ts';
import { hashIndex, readState } from './read-git-state.ts';

export interface CapturedGit {
  state: GitState;
  blobs: NamedContent[];
  /** Reasons for which a part of the repository could not be taken along. */
  skipped: { path: string; reason: string }[];
}

export interface GitCaptureOrder {
  repository: UserRepository;
  /** Where packs are written before the store takes them; the caller removes it. */
  directory: string;
  /** Of an earlier checkpoint whose content the store still has: only what is new since is packed. */
  earlier?: { state: GitState; blobs: NamedContent[] } | undefined;
  maxPackBytes?: number;
}

/** More and a new full pack is cheaper than the chain. */
const MAX_PACKS = 8;
const MAX_PACK_BYTES = 1024 ** 3;
const ATTEMPTS = 3;

/**
 * Reads head, branch, index, stash and changes, and packs the objects that they need: so the commits survive a clean-up
 * of the user's repository. Writes nothing to it.
 */
export async function captureGit(order: GitCaptureOrder): Promise<CapturedGit> {
  const { repository, directory } = order;
  for (let attempt = 1; ; attempt += 1) {
    const state = await readState(repository);
    const skipped: CapturedGit['skipped'] = [];
    const index = await copyIndex(repository, directory);
    if (index === 'split') skipped.push({ path: '.git/index', reason: 'split index' });
    const tips = await listTips(repository, state);
    const packs = await packTips(order, tips);
    if (packs === 'too large') skipped.push({ path: '.git', reason: 'history too large' });
    const same = (await hashIndex(repository.gitDir)) === state.indexSha256;
    if (!same && attempt < ATTEMPTS) continue;
    if (!same) skipped.push({ path: '.git/index', reason: 'torn' });
    const blobs = packs === 'too large' ? [] : packs.map(({ blob }) => blob);
    return {
      state: {
        ...state,
        ...(packs === 'too large' ? {} : { packs: packs.map(({ blob, tips: of }) => ({ blob: blob.name, tips: of })) }),
      },
      blobs: typeof index === 'object' ? [...blobs, index] : blobs,
      skipped,
    };
  }
}

/** Objects that nothing else keeps: commits of head and stash, and content that is staged and in no commit. */
async function listTips(repository: UserRepository, { head, stash }: GitState): Promise<string[]> {
  const listed = (text: string, mode: number, oid: number): string[] =>
    text.split('\0').flatMap((record) => {
      const words = record.replace(/^:/, '').split(/[ \t]/);
      const isContent = /^(?!0+$)[0-9a-f]{40,64}$/.test(words[oid] ?? '') && words[mode] !== '160000';
      return isContent ? [words[oid] ?? ''] : [];
    });
  const staged =
    head === null
      ? listed(await repository.must(['ls-files', '--stage', '-z']), 0, 1)
      : [
          ...listed(await repository.must(['diff-index', '--cached', '--raw', '--no-renames', '-z', head]), 1, 3),
          ...listed(await repository.must(['ls-files', '--unmerged', '-z']), 0, 1),
        ];
  const stashed = stash.map((line) => line.split(' ')[0] ?? '');
  return [...new Set([...(head === null ? [] : [head]), ...stashed, ...staged])];
}

async function packTips(
  { repository, directory, earlier, maxPackBytes = MAX_PACK_BYTES }: GitCaptureOrder,
  tips: readonly string[],
): Promise<{ blob: NamedContent; tips: string[] }[] | 'too large'> {
  if (tips.length === 0) return [];
  const known = knownPacks(earlier);
  const packed = new Set(known.flatMap(({ tips: of }) => of));
  const fresh = tips.filter((tip) => !packed.has(tip));
  if (known.length > 0 && fresh.length === 0) return known;
  const base = known.length < MAX_PACKS ? known : [];
  const without = await existing(
    repository,
    base.flatMap(({ tips: of }) => of),
  );
  const blob = await writePack(repository, directory, base.length === 0 ? tips : fresh, without, maxPackBytes);
  if (blob === undefined) return 'too large';
  return [
    ...base,
    { blob: { ...blob, name: `git/pack-${String(base.length)}` }, tips: base.length === 0 ? [...tips] : fresh },
  ];
}

function knownPacks(earlier: GitCaptureOrder['earlier']): { blob: NamedContent; tips: string[] }[] {
  const packs = earlier?.state.packs ?? [];
  const found = packs.flatMap(({ blob: name, tips }) => {
    const blob = earlier?.blobs.find((candidate) => candidate.name === name);
    return blob === undefined ? [] : [{ blob, tips }];
  });
  // A chain with a gap is of no use.
  return found.length === packs.length ? found : [];
}

/** The commits among these that the repository still has: git refuses to leave out what it does not know. */
async function existing(repository: UserRepository, oids: readonly string[]): Promise<string[]> {
  if (oids.length === 0) return [];
  const text = await repository.must(['cat-file', '--batch-check=%(objectname) %(objecttype)'], `${oids.join('\n')}\n`);
  return text.split('\n').flatMap((line) => (line.endsWith(' commit') ? [line.split(' ')[0] ?? ''] : []));
}

/** Undefined when it would be larger than allowed. */
async function writePack(
  repository: UserRepository,
  directory: string,
  tips: readonly string[],
  without: readonly string[],
  maxBytes: number,
): Promise<Omit<NamedContent, 'name'> | undefined> {
  const file = join(directory, `pack-${randomBytes(6).toString('hex')}`);
  const args = ['pack-objects', '--quiet', '--revs', '--stdout', '--threads=1', '--delta-base-offset'];
  const running = repository.start(args);
  running.stdin.end([...tips, ...without.map((oid) => `^${oid}`), ''].join('\n'));
  let size = 0;
  async function* limited(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      size += chunk.length;
      if (size > maxBytes) return;
      yield chunk;
    }
  }
  await pipeline(running.stdout, limited, createWriteStream(file, { flags: 'wx', mode: 0o600 }));
  if (size > maxBytes) running.kill();
  const result = await running.ended;
  if (size > maxBytes) {
    await rm(file, { force: true });
    return undefined;
  }
  if (result.exitCode !== 0) throw repository.failed(args, result);
  return asBlob(file, size);
}

async function asBlob(file: string, size: number): Promise<Omit<NamedContent, 'name'>> {
  const hashed = await hashFile(file, BigInt(size));
  if (hashed === undefined) throw torn(file);
  return { sha256: hashed.sha256, size, open: () => createReadStream(file) };
}

const torn = (file: string): RerailError =>
  new RerailError('store-failed', `${file} changed while it was read`, { remedy: 'Capture again.' });

/** Undefined where there is none yet; an index that leans on a second file cannot be taken along alone. */
async function copyIndex(repository: UserRepository, directory: string): Promise<NamedContent | 'split' | undefined> {
  const source = join(repository.gitDir, 'index');
  if ((await stat(source).catch(() => undefined)) === undefined) return undefined;
  if ((await readdir(repository.gitDir)).some((name) => name.startsWith('sharedindex.'))) return 'split';
  const file = join(directory, `index-${randomBytes(6).toString('hex')}`);
  await pipeline(createReadStream(source), createWriteStream(file, { flags: 'wx', mode: 0o600 }));
  return { name: 'git/index', ...(await asBlob(file, (await stat(file)).size)) };
}
