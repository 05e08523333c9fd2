import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** `rerail codec serve` on a free port, once it has said where it listens. */
export async function startCodec(keysFile: string): Promise<{ url: string; stop: () => Promise<void> }> {
  const child = spawn(process.execPath, [MAIN, '-o', 'jsonl', 'codec', 'serve', '--port', '0'], {
    env: { PATH: process.env['PATH'], HOME: path.dirname(keysFile), RERAIL_ENCRYPTION_KEYS_FILE: keysFile },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  while (!said.includes('\n')) await Promise.race([once(child.stdout, 'data'), ended]);
  const { url } = JSON.parse(said.split('\n')[0] ?? '') as { url: string };
  return {
    url,
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}
