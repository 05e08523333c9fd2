import { afterAll, beforeAll, expect, it } from 'vitest';
import { openAccount, requireWork, type Account } from './suite/account.ts';
import { reportOneTarget } from './suite/one-target.ts';
import { sendPoison } from './suite/poison.ts';
import { runStorm } from './suite/storm.ts';
import { makeChaosWorld, type ChaosWorld } from './suite/world.ts';

/** Short forms of what `npm run chaos` does at length. */
let world: ChaosWorld;
beforeAll(async () => {
  world = await makeChaosWorld();
}, 60_000);
afterAll(() => world.close());

const SLOW = 180_000;
const open = (name: string): Account => openAccount(name, 11, () => undefined);

function expectHeld(account: Account): void {
  requireWork(account);
  expect(account.row.violations).toEqual([]);
}

it(
  'keeps every effect to once when worker and server are killed in the middle',
  async () => {
    const account = open('kills');
    await runStorm(world, account, {
      recoveries: 8,
      kinds: ['NINE', 'MENDS', 'LIES', 'LIGHT'],
      async inject(weather) {
        for (const kill of [world.killWorker, world.killServer]) {
          await weather.somethingOpen();
          await kill();
          account.fault('kills');
        }
      },
    });
    expectHeld(account);
    expect(account.row).toMatchObject({ faults: 2, recoveries: 8 });
  },
  SLOW,
);

it(
  'treats a target once that many report',
  async () => {
    const account = open('one-target');
    await reportOneTarget(world, account, 10);
    expectHeld(account);
  },
  SLOW,
);

it(
  'no message that nobody should send stops what gets it, or anybody else',
  async () => {
    const account = open('poison');
    await sendPoison(world, { account, seed: 11, each: 9 });
    expectHeld(account);
  },
  SLOW,
);
