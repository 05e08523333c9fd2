import { createHash } from 'node:crypto';
import { access, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { SessionDump } from '../../domain/session.ts';

const digestOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

const isThere = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  );

const presentDigest = async (file: string): Promise<string | undefined> =>
  readFile(file).then(digestOf, () => undefined);

/** Puts transcripts back; one that has gone on since is kept beside it. Returns what was changed. May be repeated. */
export async function restoreTranscripts(transcripts: SessionDump['transcripts']): Promise<string[]> {
  const changed: string[] = [];
  for (const { path: file, mode, base64 } of transcripts) {
    const bytes = Buffer.from(base64, 'base64');
    const digest = digestOf(bytes);
    const present = await presentDigest(file);
    if (present === digest) continue;
    await mkdir(path.dirname(file), { recursive: true });
    const kept = `${file}.before-${digest.slice(0, 8)}`;
    if (present !== undefined && !(await isThere(kept))) await rename(file, kept);
    await writeFile(`${file}.rerail-new`, bytes, { mode });
    await rename(`${file}.rerail-new`, file);
    changed.push(`transcript ${file} was put back${present === undefined ? '' : `, what was there is ${kept}`}`);
  }
  return changed;
}

/** Those that are not as they were captured. */
export async function differingTranscripts(
  transcripts: readonly { path: string; sha256: string }[],
): Promise<string[]> {
  const looked = await Promise.all(
    transcripts.map(async ({ path: file, sha256 }) => ((await presentDigest(file)) === sha256 ? [] : [file])),
  );
  return looked.flat();
}
