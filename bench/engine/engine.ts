// The engine beside a bare Temporal workflow and beside other engines, after a kill, and in memory.
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '../../test/support/node-command.ts';
import { atMost, ratioOf, type Bar } from '../bar.ts';
import { OVERHEAD_BOUND } from '../overhead.ts';
import { bareWork, recoveryWork } from '../work.ts';
import { inBenchWorld, type BenchWorld } from '../world.ts';
import { measureKills, type Kills } from './kills.ts';
import { readPackage } from './install-peers.ts';
import { contenderOf, measureLoad, type LoadPlan, type Loads } from './load.ts';
import { measureMemory, type Memory } from './memory.ts';
import { openPeers, type PeerNote } from './peers.ts';

interface Extent extends LoadPlan {
  kills: number;
  /** Of each worker, before its memory is read. */
  runs: number;
}

const FULL: Extent = {
  rounds: 5,
  levels: [
    { inFlight: 1, count: 40 },
    { inFlight: 16, count: 96 },
    { inFlight: 64, count: 128 },
  ],
  kills: 5,
  runs: 300,
};

/** Enough to see that all of it works; its figures say little. */
const QUICK: Extent = {
  rounds: 1,
  levels: [
    { inFlight: 1, count: 10 },
    { inFlight: 16, count: 32 },
    { inFlight: 64, count: 64 },
  ],
  kills: 1,
  runs: 30,
};

const LOCAL_BOUND = 0.5;
const MEMORY_BOUND_MIB = 50;

const noteOnOurs = ({ version }: BenchWorld): PeerNote => ({
  name: 'bare, local and recovery',
  version: `temporal ${version}, SDK ${readPackage(join(projectRoot, 'node_modules/@temporalio/worker')).version ?? ''}`,
  setUp:
    'worker and caller share a process, the server has its own; its database is SQLite in WAL mode with ' +
    'synchronous=NORMAL: a commit outlives the server, but is not flushed to the disk by itself',
});

export interface EngineBench {
  bench: 'engine';
  quick: boolean;
  machine: { cores: number; node: string; loadBefore: number[]; loadAfter: number[] };
  setUps: PeerNote[];
  /** Peers that are not measured, each with the reason. */
  absentPeers: string[];
  /** Three durable no-op steps, by how many are in flight; ms. */
  load: Loads;
  /** Of a worker process. */
  afterKill: Kills;
  memory: Memory;
  bars: Bar[];
  allHold: boolean;
}

function judge(load: Loads, memory: Memory): Bar[] {
  const p50 = (inFlight: number, name: string): number => load[String(inFlight)]?.[name]?.p50 ?? Number.NaN;
  const rate = (inFlight: number, name: string): number => load[String(inFlight)]?.[name]?.perSecond ?? Number.NaN;
  return [
    atMost('p50 of a recovery, 1 in flight', ratioOf(p50(1, 'recovery'), p50(1, 'bare')), OVERHEAD_BOUND, 'x bare'),
    atMost(
      'throughput of bare workflows over that of recoveries, 64 in flight',
      ratioOf(rate(64, 'bare'), rate(64, 'recovery')),
      OVERHEAD_BOUND,
      'x recovery',
    ),
    atMost(
      'p50 with local activities, 1 in flight',
      ratioOf(p50(1, 'local'), p50(1, 'bare')),
      LOCAL_BOUND,
      'x regular',
    ),
    atMost(`memory of a worker after ${String(memory.runs)} runs`, memory.overMiB, MEMORY_BOUND_MIB, 'MiB over bare'),
  ];
}

const tell = (line: string): void => void process.stderr.write(`${line}\n`);

type Loaded = Pick<EngineBench, 'setUps' | 'absentPeers' | 'load'>;

async function compare(world: BenchWorld, extent: Extent): Promise<Loaded> {
  const place = { client: world.client, taskQueue: world.taskQueue, workerIsHere: true };
  const { peers, absent } = await openPeers(world.dataDir);
  try {
    for (const line of absent) tell(`absent: ${line}`);
    const contenders = [
      contenderOf('bare', bareWork(place, 'threeNoOps')),
      contenderOf('recovery', recoveryWork(place)),
      { ...contenderOf('local', bareWork(place, 'threeLocalNoOps')), oneAtATime: true },
      ...peers.map(({ contender }) => contender),
    ];
    const load = await measureLoad(contenders, extent);
    const notes = peers.map(({ name, version, setUp }) => ({ name, version, setUp }));
    return { setUps: [noteOnOurs(world), ...notes], absentPeers: absent, load };
  } finally {
    for (const { stop } of peers) await stop();
  }
}

/** Three to six minutes on two cores; half a minute when quick. Progress goes to stderr. */
export async function measureEngine({ quick }: { quick: boolean }): Promise<EngineBench> {
  const extent = quick ? QUICK : FULL;
  const loadBefore = loadavg();
  const { memory, ...loaded } = await inBenchWorld(async (world) => {
    tell('Three steps, 1, 16 and 64 at a time.');
    const loaded = await compare(world, extent);
    tell('Memory of the workers.');
    return { ...loaded, memory: await measureMemory(world, extent.runs) };
  });
  tell('Kills of a worker.');
  const afterKill = await measureKills(extent.kills);
  const bars = judge(loaded.load, memory);
  return {
    bench: 'engine',
    quick,
    machine: { cores: cpus().length, node: process.version, loadBefore, loadAfter: loadavg() },
    ...loaded,
    afterKill,
    memory,
    bars,
    allHold: bars.every(({ holds }) => holds),
  };
}
