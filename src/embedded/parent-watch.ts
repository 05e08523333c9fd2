import { spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import type { LaunchedServer } from './launch-server.ts';

/**
 * Stops the server when this process ends in whatever way, `kill -9` included: a shell waits for the end of a pipe
 * that only we hold. Node has no other way to tie a child's life to its parent's.
 */
export function stopWithParent({ pid, onEnd }: LaunchedServer): void {
  const watch = spawn('sh', ['-c', 'cat >/dev/null; kill "$1" 2>/dev/null', 'rerail-parent-watch', String(pid)], {
    // Its own group, so that a Ctrl-C in the terminal does not end the watch before the server.
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  watch.on('error', () => undefined);
  // A server that ended frees its pid for others, who must not be killed in its place.
  onEnd(() => watch.kill());
  watch.unref();
  (watch.stdin as Socket).unref();
}
