import { createInterface } from 'node:readline';
import { openActivities } from '../integration/checkpoint-fixtures.ts';
import { carryOut, type ChildOrder } from './child-process.ts';

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const say = (line: string): void => void process.stdout.write(`${line}\n`);

say('ready');
const order = JSON.parse((await lines.next()).value as string) as ChildOrder;
let left = order.failpoint?.passing ?? 1;
const activities = await openActivities(
  { ...order.bench, close: () => undefined },
  {
    failpoint(name) {
      if (name !== order.failpoint?.name) return;
      left -= 1;
      if (left === 0) process.kill(process.pid, 'SIGKILL');
    },
  },
);

for (const step of order.steps) {
  const promised = await carryOut(activities, step);
  if (promised !== undefined) say(`acknowledged ${promised}`);
}
say('finished');
process.exit(0);
