import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Patient } from './heal-world.ts';
import { endSupervised, killSupervised, LIMITS } from './supervised.ts';

const run = promisify(execFile);
const nothing = (): Promise<void> => Promise.resolve();
const MIB = 1024 * 1024;

/** A program that its host keeps running; its first start is a recovery too. */
export function killedProcess(folder: string): Patient {
  const argv = [process.execPath, '-e', 'setInterval(() => {}, 1000)'];
  return {
    kind: 'process',
    barMs: 5000,
    target: 'process/process',
    component: { process: { argv, cwd: folder, restart: LIMITS } },
    probe: { process: { supervised: 'process' } },
    failure: { failureType: 'process', message: 'the process was killed' },
    prepare: nothing,
    break: () => killSupervised(folder, 'process'),
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
      process.kill(Number(await readFile(pidFile, 'utf8')), 'SIGUSR2');
    },
    stop: () => endSupervised(folder),
  };
}

/**
 * A process that takes all cores; the machine's allow-list names it. One core of two would not tell it from what the bench itself
 * takes at times: the probe is that of the whole machine, at its default of 90 %.
 */
export async function busyProcess(folder: string): Promise<Patient> {
  const mark = path.join(folder, 'busy');
  const program = [
    `const { Worker } = require('worker_threads');`,
    `for (let i = 0; i < ${availableParallelism()}; i++) new Worker('for (;;);', { eval: true });`,
    `process.stdin.on('end', () => process.exit()).resume()`,
  ].join(' ');
  const command = (await readFile('/proc/self/comm', 'utf8')).trim();
  let busy: ChildProcess | undefined;
  const end = async (): Promise<void> => {
    if (busy === undefined) return;
    const ended = once(busy, 'exit');
    busy.kill('SIGKILL');
    await ended;
    busy = undefined;
  };
  const probe = { ignoreNice: true };
  return {
    kind: 'cpu',
    barMs: 30_000,
    target: 'machine/cpu',
    component: { machine: { cpu: { probe, lower: [{ command, argvContains: mark }] } } },
    probe: { cpu: probe },
    failure: { failureType: 'resource_exhaustion', message: 'a process takes all cores' },
    prepare: end,
    async break() {
      busy = spawn(process.execPath, ['-e', program, mark], { stdio: ['pipe', 'ignore', 'inherit'] });
      await once(busy, 'spawn');
    },
    stop: end,
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
