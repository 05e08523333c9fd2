import writeFileAtomic from 'write-file-atomic';
import { codeOf, RerailError } from '../domain/errors.ts';

export const cannotWrite = (flag: string, file: string, cause: unknown): RerailError =>
  new RerailError('invalid-input', `${flag}: ${file} cannot be written (${codeOf(cause) ?? 'unknown'})`, {
    remedy: 'Name a file in a directory that is there and that you may write to.',
    cause,
    nonRetryable: true,
  });

/** Writes to the file that an option names, in place of what is there. Throws `invalid-input`. */
export async function writeOut(flag: string, file: string, text: string): Promise<void> {
  await writeFileAtomic(file, text).catch((cause: unknown) => {
    throw cannotWrite(flag, file, cause);
  });
}
