import { once } from 'node:events';
import { createByteReader } from './byte-reader.ts';
import { gitFailed, startGit } from './git-command.ts';
import type { GitRepository } from './git-command.ts';

export interface Importer {
  readonly send: (chunk: Uint8Array | string) => Promise<void>;
  /** Has git write its pack, and answers with the object ids of the marks. The stream is over then. */
  finish(marks: readonly number[]): Promise<string[]>;
  /** Nothing is left of what was sent, unless `finish` has answered. */
  stop(): Promise<void>;
}

export const CHUNK_BYTES = 256 * 1024;

/** `git fast-import`, which writes all that it is sent as one pack. */
export function startImporter(repository: GitRepository): Importer {
  // Without --done the stream of a killed writer would look finished.
  const args = ['fast-import', '--quiet', '--done', '--date-format=raw', '--depth=0'];
  const running = startGit(repository, args);
  const died = running.ended.then((result) => Promise.reject(gitFailed(repository, args, result)));
  died.catch(() => undefined);
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  const flush = async (): Promise<void> => {
    if (running.stdin.destroyed) return died;
    const chunk = Buffer.concat(pending);
    pending = [];
    pendingBytes = 0;
    if (!running.stdin.write(chunk)) await Promise.race([once(running.stdin, 'drain').catch(() => died), died]);
  };
  const send = async (chunk: Uint8Array | string): Promise<void> => {
    pending.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
    pendingBytes += typeof chunk === 'string' ? Buffer.byteLength(chunk) : chunk.length;
    if (pendingBytes >= CHUNK_BYTES) await flush();
  };
  const ask = async (marks: readonly number[]): Promise<void> => {
    for (const mark of marks) await send(`get-mark :${String(mark)}\n`);
    await send('done\n');
    await flush();
    running.stdin.end();
  };
  const answers = async (count: number): Promise<string[]> => {
    const replies = createByteReader(running.stdout);
    const lines: string[] = [];
    for (;;) {
      const line = await replies.line();
      if (line === undefined) break;
      lines.push(line);
    }
    const result = await running.ended;
    if (result.exitCode !== 0 || lines.length !== count) throw gitFailed(repository, args, result);
    return lines;
  };
  return {
    send,
    async finish(marks) {
      // Read while they are asked for: git stops when nobody takes its answers.
      const [ids] = await Promise.all([answers(marks.length), ask(marks)]);
      return ids;
    },
    async stop() {
      running.kill();
      await running.ended.catch(() => undefined);
    },
  };
}
