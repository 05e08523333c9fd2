import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, rm, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { processIdentity, type ProcessIdentity } from './process-identity.ts';
import { runProcess } from './run-process.ts';

/** An input that never comes and never ends. Open for both, so that the program itself keeps its own input open. */
export async function openEndlessInput(fifo: string): Promise<FileHandle> {
  await runProcess({ argv: ['mkfifo', fifo], env: { PATH: process.env['PATH'] ?? '' } });
  return open(fifo, 'r+');
}

/**
 * A program that goes on after this process, in a group of its own and without its terminal or output. Its input never comes
 * and never ends: at an end of input, a program that passes its input on would type Ctrl-D.
 */
export async function startDetached(
  [file, ...args]: readonly [string, ...string[]],
  env: Readonly<Record<string, string>>,
): Promise<ProcessIdentity> {
  const folder = await mkdtemp(path.join(tmpdir(), 'rerail-input-'));
  try {
    const input = await openEndlessInput(path.join(folder, 'input'));
    try {
      const child = spawn(file, args, { env, cwd: '/', detached: true, stdio: [input.fd, 'ignore', 'ignore'] });
      await once(child, 'spawn');
      child.unref();
      return processIdentity(child.pid ?? 0);
    } finally {
      await input.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
