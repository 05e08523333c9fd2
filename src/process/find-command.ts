import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import path from 'node:path';
import { RerailError } from '../domain/errors.ts';

async function isExecutable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
}

/**
 * The file that a command's first word names: looked up on PATH, or relative to the working directory when it has a
 * slash. Throws `command-not-found` with the places that were looked at.
 */
export async function findCommand(word: string, cwd: string, searchPath = process.env['PATH'] ?? ''): Promise<string> {
  const folders = word.includes('/') ? [cwd] : searchPath.split(path.delimiter).filter((folder) => folder !== '');
  for (const folder of folders) {
    const candidate = path.resolve(folder, word);
    if (await isExecutable(candidate)) return candidate;
  }
  const where = word.includes('/') ? path.resolve(cwd, word) : `any directory of PATH (${searchPath})`;
  throw new RerailError('command-not-found', `command "${word}" is not found or not executable: looked at ${where}`, {
    remedy: 'Install it, correct its spelling, or give its path relative to the working directory.',
    nonRetryable: true,
  });
}
