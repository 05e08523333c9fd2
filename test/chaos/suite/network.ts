import { setTimeout as delay } from 'node:timers/promises';
import { inWorld, type Experiment, type ExperimentContext } from './experiment.ts';
import { startProxy, type Proxy, type Toxic } from './proxy.ts';
import { runStorm, type Weather } from './storm.ts';

const both = (type: Toxic['type'], attributes: Toxic['attributes']): Toxic[] =>
  (['upstream', 'downstream'] as const).map((stream) => ({ type, stream, attributes }));

/** What happens between worker and server. */
export const CUTS: Record<string, (proxy: Proxy) => Promise<void>> = {
  cut: (proxy) => proxy.setEnabled(false),
  latency: (proxy) => proxy.poison(both('latency', { latency: 800, jitter: 400 })),
  // The connection stays, and nothing comes through: neither end is told.
  silence: (proxy) => proxy.poison(both('timeout', { timeout: 0 })),
  // What the worker asks arrives, what the server answers does not.
  'half open': (proxy) => proxy.poison([{ type: 'timeout', stream: 'downstream', attributes: { timeout: 0 } }]),
  reset: (proxy) => proxy.poison([{ type: 'reset_peer', stream: 'downstream', attributes: { timeout: 0 } }]),
};

export interface CutOptions extends Pick<ExperimentContext, 'account' | 'random'> {
  recoveries: number;
  rounds: number;
  lastsMs: number;
  kinds?: readonly string[];
}

const breaking =
  ({ account, random, rounds, lastsMs, kinds = Object.keys(CUTS) }: CutOptions, proxy: () => Proxy) =>
  async (weather: Weather): Promise<void> => {
    for (let round = 0; round < rounds; round++) {
      for (const kind of kinds) {
        if (!(await weather.somethingOpen())) break;
        await delay(random.below(500));
        if (weather.open() === 0) break;
        await CUTS[kind]?.(proxy());
        if ((await proxy().active()).length > 0) account.fault(kind);
        await delay(lastsMs / 2 + random.below(lastsMs));
        await proxy().cure();
        account.tell(`${kind} is over, ${weather.open()} recoveries open`);
      }
    }
    for (const kind of kinds)
      if (account.row.counts[kind] === undefined) account.wrong('other', `there was no ${kind}: all had ended before`);
  };

/** Faults of the network between a worker and its server while recoveries are under way. */
export async function cutNetwork(options: CutOptions): Promise<void> {
  let proxy: Proxy | undefined;
  const workerAddress = async ({ address }: { address: string }): Promise<string> => {
    proxy = await startProxy(address, options.account.tell);
    return proxy.address;
  };
  const theProxy = (): Proxy => {
    if (!proxy) throw new Error('there is no proxy');
    return proxy;
  };
  try {
    await inWorld({ workerAddress }, (world) =>
      runStorm(world, options.account, {
        recoveries: options.recoveries,
        kinds: ['NINE', 'MENDS', 'LIES'],
        inject: breaking(options, theProxy),
      }),
    );
  } finally {
    await proxy?.close();
  }
}

export const NETWORK_EXPERIMENT: Experiment = {
  name: 'network-cut',
  what: 'connections between worker and server cut, slow, silent, half open and reset, by turns',
  minutes: [6, 2],
  run: ({ account, random, short }) =>
    cutNetwork({ account, random, recoveries: short ? 40 : 200, rounds: short ? 1 : 6, lastsMs: short ? 2000 : 6000 }),
};
