// Checkpoints of a small and of a large tree, beside the tools that people use for the like.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { atMost, type Bar } from './bar.ts';
import { measureLedger } from './checkpoint-ledger.ts';
import { findPeers, type Peer } from './checkpoint-peers.ts';
import { summariesOf, timed, type Samples } from './checkpoint-samples.ts';
import { measureStoredSession, type StoredSession } from './checkpoint-session.ts';
import { measureSizes } from './checkpoint-sizes.ts';
import { openBenchStore } from './checkpoint-store.ts';
import { changeFiles, makeTree, timesOf, wipe } from './checkpoint-tree.ts';
import { summarise, type Summary } from './measure.ts';
import { residentMiB } from './resident.ts';

const SMALL = { files: 20, bytes: 100_000 };
const LARGE = { files: 10_000, bytes: 150_000_000 };
const SMALL_ROUNDS = 40;
const LARGE_ROUNDS = 3;

async function measureSmall(home: string): Promise<Record<string, Summary>> {
  const root = join(home, 'small-tree');
  makeTree(root, SMALL);
  const disturb = (round: number): void => writeFileSync(join(root, 'dir-0/file-3'), `round ${String(round)}`);
  const { capture, restore } = await openBenchStore(join(home, 'small'));
  const times: Record<'create' | 'restore', number[]> = { create: [], restore: [] };
  let parent: string | undefined;
  for (let round = 0; round < SMALL_ROUNDS + 5; round += 1) {
    disturb(round);
    const started = performance.now();
    parent = await capture(root, parent);
    const created = performance.now();
    disturb(-round);
    const restoring = performance.now();
    await restore(parent);
    if (round < 5) continue;
    times.create.push(created - started);
    times.restore.push(performance.now() - restoring);
  }
  const order = { dataDir: join(home, 'ledger'), root, rounds: SMALL_ROUNDS, warmUp: 5, disturb };
  const ledger = await measureLedger(order);
  return {
    'small create': summarise(times.create),
    'small restore': summarise(times.restore),
    'small create, ledger': ledger.create,
    'small restore, ledger': ledger.restore,
  };
}

async function measurePeer(peer: Peer, home: string, root: string, samples: Samples): Promise<void> {
  peer.prepare();
  await timed(samples, `${peer.name} first`, () => {
    peer.backUp(root, 1);
  });
  await timed(samples, `${peer.name} unchanged`, () => {
    peer.backUp(root, 2);
  });
  changeFiles(root, LARGE.files, 50, 1);
  await timed(samples, `${peer.name} 50 changed`, () => {
    peer.backUp(root, 3);
  });
  const target = join(home, 'restored');
  mkdirSync(target);
  await timed(samples, `${peer.name} restore`, () => {
    peer.restore(root, target);
  });
  rmSync(target, { recursive: true });
}

async function measureOurs(home: string, root: string, samples: Samples): Promise<{ mtimesChanged: number }> {
  const directory = join(home, 'large');
  rmSync(directory, { recursive: true, force: true });
  const { capture, restore } = await openBenchStore(directory);
  let id = '';
  await timed(samples, 'first', async () => (id = await capture(root)));
  // The first one was taken when every file was too young to be trusted by its times.
  id = await capture(root, id);
  await timed(samples, 'unchanged', async () => (id = await capture(root, id)));
  changeFiles(root, LARGE.files, 50, 1);
  await timed(samples, '50 changed', async () => (id = await capture(root, id)));
  wipe(root);
  await timed(samples, 'restore', () => restore(id));
  const before = timesOf(root);
  await timed(samples, 'no-op restore', () => restore(id));
  const after = new Set(timesOf(root));
  const copy = join(home, 'copy');
  await timed(samples, 'cp -a', () => execFileSync('cp', ['-a', root, copy]));
  rmSync(copy, { recursive: true });
  return { mtimesChanged: before.filter((line) => !after.has(line)).length };
}

/** Most that a capturing process had resident over what it had when idle, looked at every 20 ms from outside. */
async function measureMemory(home: string, root: string): Promise<number> {
  const script = fileURLToPath(new URL('./checkpoint-memory.ts', import.meta.url));
  const args = ['--import', 'tsx', script, join(home, 'memory'), root];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const resident = (): number => residentMiB(child.pid ?? Number.NaN);
  await once(child.stdout, 'data');
  const idle = resident();
  let most = idle;
  const sampler = setInterval(() => {
    if (child.exitCode === null) most = Math.max(most, resident());
  }, 20);
  child.stdin.write('go\n');
  await once(child.stdout, 'data');
  clearInterval(sampler);
  return Math.round((most - idle) * 10) / 10;
}

export interface CheckpointBench {
  bench: 'checkpoints';
  machine: { cores: number; loadBefore: number[]; loadAfter: number[] };
  peers: string[];
  absentPeers: string[];
  ms: Record<string, Summary>;
  /** Null where there is no tmux. */
  storedSession: StoredSession | null;
  memoryGrowthMiB: number;
  mtimesChangedByNoOp: number;
  bars: Bar[];
  allHold: boolean;
}

function judge(ms: Record<string, Summary>, peers: readonly string[], memory: number, mtimes: number): Bar[] {
  const bars: Bar[] = [];
  const figure = (what: string): number => ms[what]?.p50 ?? Number.NaN;
  const add = (what: string, value: number, bar: number, unit?: string): void => {
    bars.push(atMost(what, value, bar, unit));
  };
  add('small create', figure('small create'), 60);
  add('small restore', figure('small restore'), 50);
  add('small create, ledger', figure('small create, ledger'), 100);
  add('small restore, ledger', figure('small restore, ledger'), 500);
  add('unchanged', figure('unchanged'), 500);
  add('50 changed', figure('50 changed'), 1000);
  add('restore, of 1.5 x cp -a', figure('restore'), 1.5 * figure('cp -a'));
  for (const peer of peers) {
    add(`first, of 0.8 x ${peer}`, figure('first'), 0.8 * figure(`${peer} first`));
    add(`unchanged, of ${peer}`, figure('unchanged'), figure(`${peer} unchanged`));
    add(`50 changed, of ${peer}`, figure('50 changed'), figure(`${peer} 50 changed`));
    if (peer === 'restic') add('restore, of restic restore --verify', figure('restore'), figure('restic restore'));
  }
  add('memory growth', memory, 50, 'MiB');
  add('mtimes changed by a no-op restore', mtimes, 0, 'files');
  return bars;
}

export async function measureCheckpoints(): Promise<CheckpointBench> {
  const loadBefore = loadavg();
  const home = mkdtempSync(join(tmpdir(), 'rerail-bench-'));
  try {
    const small = await measureSmall(home);
    const { peers, absent } = findPeers(join(home, 'peers'));
    const root = join(home, 'large-tree');
    const samples: Samples = new Map();
    let mtimes = 0;
    const remake = (): void => {
      rmSync(root, { recursive: true, force: true });
      makeTree(root, LARGE);
    };
    // Turn about, so that whatever else the machine does meets all alike.
    for (let round = 0; round < LARGE_ROUNDS; round += 1) {
      for (const peer of peers) {
        remake();
        await measurePeer(peer, home, root, samples);
      }
      remake();
      mtimes += (await measureOurs(home, root, samples)).mtimesChanged;
    }
    const memory = await measureMemory(home, root);
    await measureSizes(home, LARGE_ROUNDS, samples);
    const storedSession = await measureStoredSession(home);
    const ms = { ...small, ...summariesOf(samples) };
    const names = peers.map(({ name }) => name);
    const bars = judge(ms, names, memory, mtimes);
    return {
      bench: 'checkpoints',
      machine: { cores: cpus().length, loadBefore, loadAfter: loadavg() },
      peers: peers.map(({ version }) => version),
      absentPeers: absent,
      ms,
      storedSession: storedSession ?? null,
      memoryGrowthMiB: memory,
      mtimesChangedByNoOp: mtimes,
      bars,
      allHold: bars.every(({ holds }) => holds),
    };
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}
