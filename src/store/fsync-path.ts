import { open } from 'node:fs/promises';

/** Makes a file's bytes, or a directory's names, survive a power cut. */
export async function fsyncPath(path: string | Buffer): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
