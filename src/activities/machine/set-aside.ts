import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, mkdir, open, readFile, rename, rm, stat, statfs, unlink, utimes } from 'node:fs/promises';
import path from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import type { OldFile } from './old-files.ts';

interface Moved {
  from: string;
  to: string;
}

/** Free room that stays on the file system of what is set aside. */
const LEAVE_FREE_BYTES = 64 * 1024 * 1024;

async function syncFile(file: string): Promise<void> {
  const handle = await open(file, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Files of one recovery that lie on another file system until the disk is seen to be well. What is about to be moved is
 * written down first, so that any later try, and the undo, know all of it.
 */
export function createAside(records: string, key: string, folder: string | undefined) {
  const name = createHash('sha256').update(key).digest('hex').slice(0, 32);
  const record = path.join(records, `${name}.json`);
  const read = async (): Promise<Moved[]> => {
    const text = await readFile(record, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '[]';
      throw error;
    });
    return JSON.parse(text) as Moved[];
  };
  return {
    /** Those that fit there, in their order; none where the folder is missing or on the same file system. */
    async fitting(files: readonly OldFile[]): Promise<OldFile[]> {
      if (folder === undefined) return [];
      const { dev } = await stat(folder);
      const { bavail, bsize } = await statfs(folder);
      let room = bavail * bsize - LEAVE_FREE_BYTES;
      const fitting: OldFile[] = [];
      for (const one of files) {
        if (one.bytes > room || (await stat(one.file)).dev === dev) continue;
        room -= one.bytes;
        fitting.push(one);
      }
      return fitting;
    },
    async move(files: readonly OldFile[]): Promise<void> {
      if (folder === undefined || files.length === 0) return;
      const before = await read();
      const target = path.join(folder, `rerail-${name}`);
      await mkdir(target, { recursive: true, mode: 0o700 });
      const moves = files.map(({ file }, index) => ({
        from: file,
        to: path.join(target, String(before.length + index)),
      }));
      await mkdir(records, { recursive: true, mode: 0o700 });
      await writeFileAtomic(record, JSON.stringify([...before, ...moves]), { mode: 0o600 });
      for (const { from, to } of moves) {
        const { atime, mtime } = await stat(from);
        await copyFile(from, `${to}.part`);
        await utimes(`${to}.part`, atime, mtime);
        await syncFile(`${to}.part`);
        await rename(`${to}.part`, to);
        await unlink(from);
      }
    },
    /** Puts back what is not there again by itself. Done twice, nothing more happens. */
    async putBack(): Promise<string[]> {
      const restored: string[] = [];
      for (const { from, to } of await read()) {
        const times = await stat(to).catch(() => undefined);
        if (times === undefined) continue;
        await mkdir(path.dirname(from), { recursive: true });
        const isFree = await copyFile(to, from, constants.COPYFILE_EXCL).then(
          () => true,
          (error: NodeJS.ErrnoException) => {
            if (error.code === 'EEXIST') return false;
            throw error;
          },
        );
        if (!isFree) continue;
        await utimes(from, times.atime, times.mtime);
        restored.push(from);
      }
      await this.forget();
      return restored;
    },
    async forget(): Promise<number> {
      const moved = await read();
      for (const { to } of moved) await rm(to, { force: true });
      const [first] = moved;
      if (first) await rm(path.dirname(first.to), { recursive: true, force: true });
      await rm(record, { force: true });
      return moved.length;
    },
  };
}
