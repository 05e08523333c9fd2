import { readFile } from 'node:fs/promises';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';
import { ArtifactChangeSchema } from '../../domain/artifact.schema.ts';
import type { ArtifactChange } from '../../domain/artifact.ts';
import { codeOf } from '../../domain/errors.ts';

const RestoreNoteSchema = z.object({
  backupId: z.string(),
  checkpointId: z.string(),
  changes: z.array(ArtifactChangeSchema),
});
type RestoreNote = z.infer<typeof RestoreNoteSchema>;

/** What the last restore of a subject set out to do, when it was this one: a repeated attempt plans no second time. */
export async function readRestoreNote(
  path: string,
  { backupId, checkpointId }: Omit<RestoreNote, 'changes'>,
): Promise<ArtifactChange[] | undefined> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const note = RestoreNoteSchema.parse(JSON.parse(text));
  return note.backupId === backupId && note.checkpointId === checkpointId ? note.changes : undefined;
}

export const writeRestoreNote = (path: string, note: RestoreNote): Promise<void> =>
  writeFileAtomic(path, `${JSON.stringify(note)}\n`, { mode: 0o600 });
