import type { ChildOrder } from './checkpoint-fixtures.ts';
import { openActivities } from './checkpoint-fixtures.ts';

const order = JSON.parse(process.argv[2] ?? '') as ChildOrder;
let left = order.passing ?? 1;

const activities = await openActivities(
  { ...order.bench, close: () => undefined },
  {
    failpoint(name) {
      if (name !== order.failpoint) return;
      left -= 1;
      if (left === 0) process.kill(process.pid, 'SIGKILL');
    },
  },
);
if (order.capture !== undefined) await activities.captureCheckpoint(order.capture);
if (order.restore !== undefined) await activities.restoreCheckpoint(order.restore);
process.stdout.write('finished');
