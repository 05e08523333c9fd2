import { setTimeout as delay } from 'node:timers/promises';
import type { Experiment, ExperimentContext } from './experiment.ts';
import { inWorld } from './experiment.ts';
import { killAtEvents } from './kill-at-events.ts';
import { runStorm, type Weather } from './storm.ts';
import { startOnPostgres, type PostgresBacked } from './temporal-on-postgres.ts';
import type { ChaosWorld } from './world.ts';

const atEvents = (who: 'worker' | 'server', minutes: readonly [number, number]): Experiment => ({
  name: `${who}-kills`,
  what: `SIGKILL of the ${who} at every place of the history of a recovery with seven effects and their undos`,
  minutes,
  run: ({ account, short }) =>
    inWorld({}, (world) => killAtEvents(world, account, { who, each: short ? 12 : 1, recoveries: short ? 4 : 12 })),
});

interface KillLoop extends ExperimentContext {
  world: ChaosWorld;
  kills: number;
  everyMs: number;
  /** By name; each leaves a system that comes back by itself. */
  ways: Record<string, () => Promise<void>>;
}

/** One of the ways after the other, in an order that chance makes, for as long as something is open. */
const killing =
  ({ account, random, kills, everyMs, ways }: KillLoop) =>
  async (weather: Weather): Promise<void> => {
    const names = Object.keys(ways);
    for (let kill = 0; kill < kills && (await weather.somethingOpen()); kill++) {
      await delay(everyMs / 2 + random.below(everyMs));
      if (weather.open() === 0) continue;
      // Each of them once before chance decides.
      const name = names[kill] ?? random.pick(names);
      await ways[name]?.();
      account.fault(name);
      account.tell(`${name}, ${weather.open()} recoveries open`);
    }
    for (const name of names)
      if (account.row.counts[name] === undefined) account.wrong('other', `there were no ${name}: all had ended before`);
  };

const inFlight: Experiment = {
  name: 'in-flight',
  what: '1,000 recoveries at once, SIGKILL of one of two workers or of the server every 10 s for 10 minutes',
  minutes: [25, 1],
  run: (context) =>
    inWorld({ workers: 2 }, async (world) => {
      const { random, short } = context;
      const ways = {
        'kills of a worker': () => world.killWorker(random.below(2)),
        'kills of the server': () => world.killServer(),
      };
      const loop = { ...context, world, ways, kills: short ? 3 : 60, everyMs: short ? 2000 : 10_000 };
      await runStorm(world, context.account, {
        recoveries: short ? 50 : 1000,
        kinds: ['NINE', 'MENDS', 'LIES', 'LIGHT'],
        inject: killing(loop),
      });
    }),
};

const postgres: Experiment = {
  name: 'postgres',
  what: 'Temporal’s full server on PostgreSQL: SIGKILL of worker and server, crashes of PostgreSQL itself',
  minutes: [6, 2],
  run: (context) => {
    let backed: PostgresBacked | undefined;
    const startServer = async (root: string): Promise<PostgresBacked> => {
      backed = await startOnPostgres(root, context.account.tell);
      return backed;
    };
    return inWorld({ startServer }, async (world) => {
      const ways = {
        'crashes of PostgreSQL': () => backed?.restartDatabase() ?? Promise.resolve(),
        'kills of the server': () => world.killServer(),
        'kills of the worker': () => world.killWorker(),
      };
      const { short } = context;
      await runStorm(world, context.account, {
        recoveries: short ? 24 : 200,
        kinds: ['NINE', 'MENDS', 'LIES'],
        inject: killing({ ...context, world, ways, kills: short ? 3 : 18, everyMs: short ? 1500 : 6000 }),
      });
    });
  },
};

export const KILL_EXPERIMENTS: readonly Experiment[] = [
  atEvents('worker', [6, 1]),
  atEvents('server', [6, 1]),
  postgres,
  inFlight,
];
