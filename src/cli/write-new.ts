import { writeFile } from 'node:fs/promises';
import { codeOf, RerailError } from '../domain/errors.ts';

/** Never over a file that is there. `remedy` names the option that chooses another name. Throws `invalid-input`. */
export async function writeNew(file: string, text: string, remedy: string): Promise<void> {
  await writeFile(file, text, { flag: 'wx' }).catch((cause: unknown) => {
    throw new RerailError(
      'invalid-input',
      codeOf(cause) === 'EEXIST'
        ? `${file} is there already`
        : `${file} cannot be written (${codeOf(cause) ?? 'unknown'})`,
      { remedy: `${remedy}; nothing is written over.`, cause },
    );
  });
}
