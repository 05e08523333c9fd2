import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Stops the process again whenever it goes on, until it is gone. It says when it is stopped for the first time. */
const KEEPER = `
const { readFileSync } = require('node:fs');
const pid = Number(process.argv[1]);
const pause = new Int32Array(new SharedArrayBuffer(4));
for (let told = false; ; Atomics.wait(pause, 0, 0, 1)) {
  const stat = readFileSync('/proc/' + pid + '/stat', 'utf8');
  if (stat[stat.lastIndexOf(')') + 2] !== 'T') process.kill(pid, 'SIGSTOP');
  else if (!told) told = require('node:fs').writeSync(1, 'stopped');
}
`;

/** From another process, as a debugger would: SIGCONT gives it a moment and no more. */
export async function keepStopped(pid: number): Promise<{ release: () => Promise<void> }> {
  // Zero would be everybody in our own group.
  if (!(pid > 0)) throw new Error('there is no process to stop');
  const keeper = spawn(process.execPath, ['-e', KEEPER, String(pid)], { stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = once(keeper, 'exit');
  await Promise.race([once(keeper.stdout, 'data'), ended]);
  return {
    /** It is left stopped, and what wakes it then does so for good. */
    async release() {
      keeper.kill('SIGKILL');
      await ended;
    },
  };
}
