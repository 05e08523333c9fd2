// Loaded into a measured process before its own code: says, when it is asked, what is still in use after a collection. What is resident
// beyond that is room that the runtime keeps for later, and goes up and down by itself.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

process.on('message', (message) => {
  if (message !== 'live-memory') return;
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc');
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  process.send?.({ liveBytes: heapUsed + external });
});
// Being asked is no reason to go on.
process.channel?.unref();
