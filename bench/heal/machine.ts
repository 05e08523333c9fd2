import { execFile } from 'node:child_process';
import { mkdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { listProcessNames, openProcessFolder } from '../../src/activities/processes/process-folder.ts';
import { endTree } from '../../src/process/process-tree.ts';
import type { Patient } from './heal-world.ts';

const run = promisify(execFile);
const nothing = (): Promise<void> => Promise.resolve();
const LIMITS = { minUptime: '1ms', startLimitBurst: 100, startLimitInterval: '1s' };
const MIB = 1024 * 1024;

async function endSupervised(folder: string): Promise<void> {
  const processes = path.join(folder, 'data/processes');
  for (const name of await listProcessNames(processes))
    for (const { spec } of await (await openProcessFolder(processes, name)).runs())
      await endTree({ token: spec.token }, { signal: 'SIGKILL', timeoutMs: 0 });
}

const numberIn = async (pidFile: string): Promise<number> => Number(await readFile(pidFile, 'utf8'));

/** A program that its host keeps running; its first start is a recovery too. */
export function killedProcess(folder: string): Patient {
  const pidFile = path.join(folder, 'pid');
  const program = `require('fs').writeFileSync(${JSON.stringify(pidFile)}, String(process.pid)); setInterval(() => {}, 1000)`;
  return {
    kind: 'process',
    barMs: 5000,
    target: 'process/process',
    component: { process: { argv: [process.execPath, '-e', program], cwd: folder, restart: LIMITS } },
    probe: { process: { supervised: 'process' } },
    failure: { failureType: 'process', message: 'the process was killed' },
    prepare: nothing,
    async break() {
      process.kill(await numberIn(pidFile), 'SIGKILL');
    },
    stop: () => endSupervised(folder),
  };
}

/** A process that has taken far more memory than it may; the machine's allow-list names it. */
export function greedyProcess(folder: string): Patient {
  const pidFile = path.join(folder, 'greedy-pid');
  const program = [
    `require('fs').writeFileSync(${JSON.stringify(pidFile)}, String(process.pid));`,
    `let kept; process.on('SIGUSR2', () => { kept = Buffer.alloc(${300 * MIB}, 1) }); setInterval(() => kept, 1000)`,
  ].join(' ');
  const tooMuch = { maxBytes: 200 * MIB, process: { argvContains: pidFile } };
  let started = false;
  return {
    kind: 'memory',
    barMs: 30_000,
    target: 'machine/memory',
    component: { machine: { memory: { probe: tooMuch, restart: ['greedy'] } } },
    others: [
      {
        kind: 'greedy',
        target: 'process/greedy',
        component: { process: { argv: [process.execPath, '-e', program], cwd: folder, restart: LIMITS } },
      },
    ],
    probe: { memory: tooMuch },
    failure: { failureType: 'resource_exhaustion', message: 'a process takes too much memory' },
    async prepare(recoveries) {
      if (started) return;
      const { handle } = await recoveries.start({
        target: 'process/greedy',
        type: 'process',
        message: 'never started',
      });
      await handle.result();
      started = true;
    },
    async break() {
      process.kill(await numberIn(pidFile), 'SIGUSR2');
    },
    stop: () => endSupervised(folder),
  };
}

/** A file system of its own that old logs have filled. Only root can mount one. */
export async function fullDisk(folder: string): Promise<Patient> {
  const disk = path.join(folder, 'disk');
  await mkdir(disk);
  await run('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', disk]);
  const old = new Date(Date.now() - 30 * 86_400_000);
  const probe = { path: disk, maxPercent: 80 };
  return {
    kind: 'disk',
    barMs: 30_000,
    target: 'machine/disk',
    component: { machine: { disk: { probe, remove: [{ folder: disk }] } } },
    probe: { disk: probe },
    failure: { failureType: 'resource_exhaustion', message: 'the disk is full' },
    prepare: nothing,
    async break() {
      const file = path.join(disk, `${Date.now()}.log`);
      await writeFile(file, Buffer.alloc(15 * MIB, 1));
      await utimes(file, old, old);
    },
    async stop() {
      await run('umount', [disk]);
      await rm(disk, { recursive: true });
    },
  };
}
