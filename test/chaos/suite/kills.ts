import { setTimeout as delay } from 'node:timers/promises';
import { WORKFLOW_TYPES } from '../../../src/domain/wire-names.ts';
import type { Account } from './account.ts';
import type { Experiment, ExperimentContext } from './experiment.ts';
import { inWorld } from './experiment.ts';
import { killAtEvents } from './kill-at-events.ts';
import { runStorm, type Weather } from './storm.ts';
import { startOnPostgres, type PostgresBacked } from './temporal-on-postgres.ts';
import { patiently, type ChaosWorld, type WorldOptions } from './world.ts';

interface AtEvents {
  name: string;
  who: 'worker' | 'server';
  minutes: readonly [number, number];
  where?: string;
  world?: (context: ExperimentContext) => WorldOptions;
}

const atEvents = ({ name, who, minutes, where = '', world = () => ({}) }: AtEvents): Experiment => ({
  name,
  what: `SIGKILL of the ${who} at every place of the history of a recovery with seven effects and their undos${where}`,
  minutes,
  run: (context) => {
    const { account, short } = context;
    const options = { who, each: short ? 12 : 1, recoveries: short ? 4 : 12, atLeast: short ? 0.5 : 0.9 };
    return inWorld(world(context), (made) => killAtEvents(made, account, options));
  },
});

interface KillLoop extends ExperimentContext {
  world: ChaosWorld;
  kills: number;
  everyMs: number;
  /** By name; each leaves a system that comes back by itself. */
  ways: Record<string, () => Promise<void>>;
}

/** One of the ways after the other, in an order and at moments that chance makes, for as long as something is open. */
const killing =
  ({ account, random, kills, everyMs, ways, world }: KillLoop) =>
  async (weather: Weather): Promise<void> => {
    const names = Object.keys(ways);
    const begun = Date.now();
    for (let kill = 0; kill < kills && (await weather.somethingOpen()); kill++) {
      await delay(Math.max(0, begun + kill * everyMs + random.below(everyMs) - Date.now()));
      if (weather.open() === 0) continue;
      account.most('open at once, of recoveries', await countOpen(world));
      // Each of them once before chance decides.
      const name = names[kill] ?? random.pick(names);
      await ways[name]?.();
      account.fault(name);
      account.tell(`${name}, ${weather.open()} recoveries open`);
    }
    account.most('seconds of killing', Math.round((Date.now() - begun) / 1000));
    for (const name of names)
      if (account.row.counts[name] === undefined) account.wrong('other', `there were no ${name}: all had ended before`);
  };

/** As the server tells it. */
const countOpen = async ({ client }: ChaosWorld): Promise<number> =>
  (
    await patiently(() =>
      client.workflow.count(`WorkflowType = '${WORKFLOW_TYPES.recovery}' AND ExecutionStatus = 'Running'`),
    )
  ).count;

/** What the full form is to be, or it has not been the full form. */
function requireFullForm({ row, wrong }: Account, least: Record<string, number>): void {
  for (const [what, bar] of Object.entries(least)) {
    const seen = what === 'kills' ? row.faults : (row.counts[what] ?? 0);
    if (seen < bar) wrong('other', `${what}: ${seen}, and it is to be ${bar} at least`);
  }
}

const inFlight: Experiment = {
  name: 'in-flight',
  what: '1,000 recoveries at once, SIGKILL of one of two workers or of the server every 10 s for 10 minutes',
  minutes: [15, 1],
  run: (context) =>
    inWorld({ workers: 2 }, async (world) => {
      const { account, random, short } = context;
      const ways = {
        'kills of a worker': () => world.killWorker(random.below(2)),
        'kills of the server': () => world.killServer(),
      };
      const loop = { ...context, world, ways, kills: short ? 3 : 60, everyMs: short ? 2000 : 10_000 };
      await runStorm(world, account, {
        recoveries: short ? 50 : 1100,
        goesOn: !short,
        kinds: ['NINE', 'MENDS', 'LIES', 'LIGHT'],
        inject: killing(loop),
      });
      if (!short)
        requireFullForm(account, { kills: 54, 'seconds of killing': 570, 'open at once, of recoveries': 1000 });
    }),
};

/** A server on PostgreSQL, and what crashes that database. */
function onPostgres({ account }: ExperimentContext) {
  let backed: PostgresBacked | undefined;
  return {
    startServer: async (root: string): Promise<PostgresBacked> => {
      backed = await startOnPostgres(root, account.tell);
      return backed;
    },
    crash: () => backed?.restartDatabase() ?? Promise.resolve(),
  };
}

const postgres: Experiment = {
  name: 'postgres',
  what: 'Temporal’s full server on PostgreSQL: SIGKILL of worker and server, crashes of PostgreSQL itself',
  minutes: [4, 2],
  run: (context) => {
    const { startServer, crash } = onPostgres(context);
    return inWorld({ startServer }, async (world) => {
      const ways = {
        'crashes of PostgreSQL': crash,
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

const postgresAtEvents = (who: 'worker' | 'server'): Experiment =>
  atEvents({
    name: `postgres-${who}-kills`,
    who,
    minutes: [8, 2],
    where: ', on PostgreSQL',
    world: (context) => ({ startServer: onPostgres(context).startServer }),
  });

export const KILL_EXPERIMENTS: readonly Experiment[] = [
  atEvents({ name: 'worker-kills', who: 'worker', minutes: [6, 1] }),
  atEvents({ name: 'server-kills', who: 'server', minutes: [6, 1] }),
  postgres,
  postgresAtEvents('worker'),
  postgresAtEvents('server'),
  inFlight,
];
