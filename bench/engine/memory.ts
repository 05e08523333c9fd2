import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { forkWorker } from '../../test/support/fork-worker.ts';
import { nodeCommand } from '../../test/support/node-command.ts';
import { drive } from '../drive.ts';
import { residentMiB } from '../resident.ts';
import { bareWork, recoveryWork } from '../work.ts';
import { bundleOf, type BenchWorld } from '../world.ts';

const IN_FLIGHT = 8;
const READINGS = 5;
const BETWEEN_READINGS_MS = 200;

export interface Memory {
  /** Of each. */
  runs: number;
  recoveryMiB: number;
  bareMiB: number;
  /** How much more ours is. */
  overMiB: number;
  /** Before the first run. */
  idle: { recoveryMiB: number; bareMiB: number };
}

async function forkBareWorker(world: BenchWorld, taskQueue: string): Promise<ChildProcess> {
  const codePath = path.join(world.dataDir, 'bare-workflows.js');
  await writeFile(codePath, (await bundleOf(new URL('../bare-workflows.ts', import.meta.url))).code);
  const [, script = '', ...args] = nodeCommand(new URL('./bare-worker.ts', import.meta.url));
  const child = fork(script, [...args, world.address, taskQueue, codePath], { execArgv: [] });
  const [said] = (await Promise.race([once(child, 'message'), once(child, 'exit')])) as unknown[];
  if (said !== 'ready') throw new Error(`the bare worker ended with ${String(said)}`);
  return child;
}

/** The median of some readings, for the collector of garbage has its own times. */
async function settledMiB({ pid }: ChildProcess): Promise<number> {
  const readings: number[] = [];
  for (let reading = 0; reading < READINGS; reading += 1) {
    readings.push(residentMiB(pid ?? Number.NaN));
    await new Promise((resolve) => setTimeout(resolve, BETWEEN_READINGS_MS));
  }
  return Math.round(readings.sort((a, b) => a - b)[Math.floor(READINGS / 2)] ?? Number.NaN);
}

async function end(child: ChildProcess | undefined): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

/** Resident memory of `rerail worker` after so many recoveries, beside that of a bare worker after as many workflows. */
export async function measureMemory(world: BenchWorld, runs: number): Promise<Memory> {
  const { client } = world;
  const root = path.join(world.dataDir, 'memory');
  await mkdir(root);
  let ours: ChildProcess | undefined;
  let bare: ChildProcess | undefined;
  try {
    ours = await forkWorker(root, {
      RERAIL_ADDRESS: world.address,
      RERAIL_HOST: 'memory',
      RERAIL_TASK_QUEUE: 'memory',
      RERAIL_DATA_DIR: path.join(root, 'data'),
      RERAIL_PLAYBOOKS_DIR: world.playbooksDir,
    });
    bare = await forkBareWorker(world, 'memory-bare');
    const idle = { recoveryMiB: await settledMiB(ours), bareMiB: await settledMiB(bare) };
    await drive(runs, IN_FLIGHT, recoveryWork({ client, taskQueue: 'memory', workerIsHere: false }));
    const recoveryMiB = await settledMiB(ours);
    await drive(runs, IN_FLIGHT, bareWork({ client, taskQueue: 'memory-bare', workerIsHere: false }, 'threeNoOps'));
    const bareMiB = await settledMiB(bare);
    return { runs, recoveryMiB, bareMiB, overMiB: recoveryMiB - bareMiB, idle };
  } finally {
    await end(ours);
    await end(bare);
  }
}
