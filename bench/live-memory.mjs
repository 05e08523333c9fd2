// Loaded into a measured process before its own code: says, when it is asked, what is still in use after a collection. What is resident
// beyond that is room that the runtime keeps for later, and goes up and down by itself.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

export function liveBytes() {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc');
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

process.on('message', (message) => {
  if (message === 'live-memory') process.send?.({ liveBytes: liveBytes() });
});
// Being asked is no reason to go on.
process.channel?.unref();
