import { closeSync, fsyncSync, linkSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { processIdentity } from './process-identity.ts';

/** On the disk when it returns, whole or not at all. */
export function writeDurably(file: string, value: unknown): void {
  const temporary = `${file}.${process.pid}`;
  const handle = openSync(temporary, 'w', 0o600);
  writeFileSync(handle, JSON.stringify(value));
  fsyncSync(handle);
  closeSync(handle);
  renameSync(temporary, file);
}

/** Exactly one process may have the file. The record appears whole or not at all, whenever its writer dies. */
export function claim(file: string): boolean {
  const draft = `${file}.${process.pid}`;
  const record = JSON.stringify(processIdentity());
  try {
    writeFileSync(draft, record, { mode: 0o600 });
    linkSync(draft, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
  } finally {
    rmSync(draft, { force: true });
  }
  // A file system without hard links.
  try {
    writeFileSync(file, record, { flag: 'wx', mode: 0o600 });
    return true;
  } catch {
    return false;
  }
}
