import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { getPriority } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { createMachineActivities, type MachineDeps } from '../../src/activities/machine/create-machine-activities.ts';
import type { Probe, ProbeReading } from '../../src/domain/probe.ts';
import type { ProcessStatus, SupervisedProcess } from '../../src/domain/process.ts';
import { failure } from '../support/rejection.ts';
import { until } from '../support/until.ts';
import { cleanUpAfterEach, temporaryFolder } from '../unit/activities/temporary.ts';

cleanUpAfterEach();

const DAY_MS = 86_400_000;
const SHM = '/dev/shm';
const hasOtherDisk = existsSync(SHM) && statSync(SHM).dev !== statSync('/tmp').dev;

let root: string;
let isFull: () => boolean;
let restarted: string[];
let running: { name: string; bytes: number }[];
let policies: unknown[];
beforeEach(() => {
  root = temporaryFolder();
  isFull = () => false;
  restarted = [];
  running = [];
  policies = [];
});

const runProbe = ({ name }: Probe): Promise<ProbeReading> => {
  const passed = !isFull();
  const observed = passed ? 'enough' : 'too much';
  return Promise.resolve({ name, kind: 'disk', passed, observed, durationMs: 0, at: new Date().toISOString() });
};
const activities = (more: Partial<MachineDeps> = {}) =>
  createMachineActivities({
    dataDir: join(root, 'data'),
    host: 'here',
    runProbe,
    processes: {
      listHere: () =>
        Promise.resolve(
          running.map(({ name, bytes }) => ({
            status: { name, state: 'running', memoryBytes: bytes } as ProcessStatus,
            definition: { name } as SupervisedProcess,
          })),
        ),
      restartProcess: ({ process }) => {
        restarted.push((process as SupervisedProcess).name);
        return Promise.resolve({} as ProcessStatus);
      },
    },
    keys: () => ({ execution: 'recovery/machine/here/1' }),
    cleanLedgers: ({ policy }) => {
      policies.push(policy);
      return Promise.resolve([{ subject: 'release/web', ids: ['cp_1'], freedBytes: 1000 }]);
    },
    ...more,
  });

describe('a disk that is full', () => {
  const logs = (): string => join(root, 'logs');
  const write = (name: string, days: number): string => {
    const file = join(logs(), name);
    writeFileSync(file, name.repeat(1000));
    const time = new Date(Date.now() - days * DAY_MS);
    utimesSync(file, time, time);
    return file;
  };
  const disk = (more: object = {}) => ({ name: 'here', disk: { remove: [{ folder: logs() }], ...more } });
  beforeEach(() => {
    mkdirSync(logs());
    const outside = join(root, 'outside');
    mkdirSync(outside);
    write('../outside/old.log', 30);
    symlinkSync(outside, join(logs(), 'link'));
    write('old.log', 30);
    write('older.log.1', 60);
    write('young.log', 1);
    write('old.txt', 30);
    isFull = () => existsSync(join(logs(), 'old.log'));
  });
  const left = (): string[] => readdirSync(logs()).sort();

  it('is freed of what is old enough and allowed, and of nothing else; a dry run says what that is', async () => {
    const dry = await activities().healDisk({ machine: disk(), dryRun: true });
    expect(dry).toMatchObject({ dryRun: true, removedTotal: 2, checkpoints: [] });
    expect(left()).toEqual(['link', 'old.log', 'old.txt', 'older.log.1', 'young.log']);
    expect(policies).toEqual([]);
    mkdirSync(join(root, 'app/coverage'), { recursive: true });
    const machine = disk({ caches: [{ folder: join(root, 'app') }], checkpoints: true });
    const done = await activities().healDisk({ machine });
    expect(done).toMatchObject({ before: 'too much', after: 'enough', removedTotal: 2, aside: 0 });
    expect(done.freedBytes).toBeGreaterThan(1000);
    expect(done.checkpoints).toEqual(['cp_1']);
    expect(policies).toMatchObject([{ keepLast: 10, olderThan: '7d' }]);
    expect(left()).toEqual(['link', 'old.txt', 'young.log']);
    expect(existsSync(join(root, 'outside/old.log'))).toBe(true);
    expect(existsSync(join(root, 'app/coverage'))).toBe(false);
  });

  it('is left alone when it is well, and said to be still full when nothing helps', async () => {
    isFull = () => false;
    await activities().healDisk({ machine: disk() });
    expect(left()).toContain('old.log');
    isFull = () => true;
    const error = await failure(activities().healDisk({ machine: disk() }));
    expect(error).toMatchObject({ code: 'heal-failed', nonRetryable: true });
    expect(error.message).toContain('too much');
    expect(policies).toEqual([]);
  });

  it('names the field of a definition that would remove too much', async () => {
    const wrong = (remove: object) => failure(activities().healDisk({ machine: disk({ remove: [remove] }) }));
    expect((await wrong({ folder: '/' })).message).toContain('disk.remove.0.folder');
    expect((await wrong({ folder: logs(), patterns: ['../*'] })).message).toContain('disk.remove.0.patterns.0');
  });

  it.skipIf(!hasOtherDisk)('has an undo for what fits on another disk, until the disk is seen to be well', async () => {
    const aside = mkdtempSync(join(SHM, 'rerail-aside-'));
    try {
      const machine = disk({ aside });
      const before = statSync(join(logs(), 'old.log')).mtimeMs;
      expect(await activities().healDisk({ machine })).toMatchObject({ aside: 2, removedTotal: 2 });
      expect(left()).not.toContain('old.log');
      isFull = () => true;
      expect(await activities().forgetRemoved({ machine })).toMatchObject({ forgotten: 0 });
      const { restored } = await activities().undoHealDisk({ machine });
      expect(restored.sort()).toEqual([join(logs(), 'old.log'), join(logs(), 'older.log.1')]);
      expect(readFileSync(join(logs(), 'old.log'), 'utf8')).toBe('old.log'.repeat(1000));
      expect(Math.round(statSync(join(logs(), 'old.log')).mtimeMs)).toBe(Math.round(before));
      expect(await activities().undoHealDisk({ machine })).toEqual({ restored: [] });
      isFull = () => existsSync(join(logs(), 'old.log'));
      await activities().healDisk({ machine });
      expect(await activities().forgetRemoved({ machine })).toEqual({ forgotten: 2 });
      expect(readdirSync(aside)).toEqual([]);
    } finally {
      rmSync(aside, { recursive: true, force: true });
    }
  });
});

describe('a CPU that is used up', () => {
  /** A loop of our own, with a word that tells it from all others. */
  const busyLoop = async () => {
    const word = `busy-${randomUUID().slice(0, 8)}`;
    const child = spawn(process.execPath, ['-e', 'for (;;);', word], { stdio: 'ignore' });
    await once(child, 'spawn');
    const pid = child.pid ?? 0;
    const comm = (): string => readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
    await until(() => Promise.resolve(readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(word)), 'its words');
    return { child, pid, rule: { command: comm(), argvContains: word } };
  };

  it('lowers the priority of the allowed process in all its threads, and puts it back', async () => {
    const { child, pid, rule } = await busyLoop();
    const other = await busyLoop();
    try {
      const priorities = (): number[] => readdirSync(`/proc/${pid}/task`).map((thread) => getPriority(Number(thread)));
      isFull = () => getPriority(pid) === 0;
      const machine = { name: 'here', cpu: { lower: [rule], nice: 7 } };
      const done = await activities().healCpu({ machine });
      expect(done).toMatchObject({ before: 'too much', after: 'enough', lowered: [{ pid }], ended: [] });
      expect(new Set(priorities())).toEqual(new Set([7]));
      expect(getPriority(other.pid)).toBe(0);
      expect(await activities().healCpu({ machine })).toMatchObject({ lowered: [] });
      // Only root may raise a priority; the undo says so where it is not allowed.
      const undone = await activities().undoHealCpu({ machine });
      if (process.getuid?.() === 0) {
        expect(undone.restored).toHaveLength(1);
        expect(new Set(priorities())).toEqual(new Set([0]));
        expect(await activities().undoHealCpu({ machine })).toEqual({ restored: [], skipped: [] });
      } else expect(undone.skipped).toHaveLength(1);
    } finally {
      child.kill('SIGKILL');
      other.child.kill('SIGKILL');
    }
  });

  it('ends what may be ended when that does not help, and says when nothing does', async () => {
    const { child, pid, rule } = await busyLoop();
    const ended = once(child, 'exit');
    const ends = { name: 'here', cpu: { lower: [rule], end: [rule], grace: '1s' } };
    isFull = () => child.exitCode === null && child.signalCode === null;
    const done = await activities().healCpu({ machine: ends });
    expect(done).toMatchObject({ lowered: [{ pid }], ended: [{ pid }], after: 'enough' });
    await ended;
    isFull = () => true;
    const error = await failure(activities().healCpu({ machine: ends }));
    expect(error).toMatchObject({ code: 'heal-failed' });
    expect(error.message).toContain('no process that is allowed runs here');
    const none = { name: 'here', cpu: {} };
    expect((await failure(activities().healCpu({ machine: none }))).message).toContain('cpu');
  });
});

const succeeds = (work: () => unknown): boolean => {
  try {
    work();
    return true;
  } catch {
    return false;
  }
};
/** Read-only in many containers, root or not. */
const mayDropCaches = succeeds(() => accessSync('/proc/sys/vm/drop_caches', constants.W_OK));
const hasFincore = succeeds(() => execFileSync('fincore', ['--version'], { stdio: 'ignore' }));

describe('memory that is used up', () => {
  const dropping = { name: 'here', memory: { dropCaches: true } };

  it.skipIf(!mayDropCaches || !hasFincore)('is freed of what the kernel caches, where that is allowed', async () => {
    const file = join(root, 'cached');
    writeFileSync(file, Buffer.alloc(16 * 1024 * 1024, 1), { flush: true });
    const cachedBytes = (): number =>
      Number(
        execFileSync('fincore', ['--bytes', '--raw', '--noheadings', '--output', 'RES', file], { encoding: 'utf8' }),
      );
    isFull = () => cachedBytes() > 8 * 1024 * 1024;
    readFileSync(file);
    const done = await activities().healMemory({ machine: dropping });
    expect(done).toMatchObject({
      before: 'too much',
      after: 'enough',
      cachesDropped: true,
      restarted: [],
      skipped: [],
    });
    // What is well is left alone, and so are its caches.
    readFileSync(file);
    const full = isFull;
    isFull = () => false;
    expect(await activities().healMemory({ machine: dropping })).toMatchObject({ cachesDropped: false, skipped: [] });
    expect(full()).toBe(true);
  });

  it('says why caches are kept, and makes no file for it', async () => {
    isFull = () => true;
    // Nobody may write to this one, not even root.
    const dropCachesFile = '/proc/sys/kernel/ostype';
    const denied = await failure(activities({ dropCachesFile }).healMemory({ machine: dropping }));
    expect(denied).toMatchObject({ code: 'heal-failed', details: { cachesDropped: false } });
    expect(denied.message).toContain(`caches are kept: the kernel lets only root write to ${dropCachesFile}`);
    const absent = join(root, 'drop_caches');
    const missing = await failure(activities({ dropCachesFile: absent }).healMemory({ machine: dropping }));
    expect(missing.message).toContain('caches are kept: ENOENT');
    expect(existsSync(absent)).toBe(false);
  });

  it('restarts the heaviest of the allowed processes, and no other, until the probe passes', async () => {
    running = [
      { name: 'light', bytes: 1 },
      { name: 'heavy', bytes: 30 },
      { name: 'heavier', bytes: 40 },
      { name: 'not-allowed', bytes: 100 },
    ];
    isFull = () => restarted.length === 0;
    const machine = { name: 'here', memory: { restart: ['light', 'heavy', 'heavier', 'absent'] } };
    const done = await activities().healMemory({ machine });
    expect(done).toMatchObject({ restarted: [{ name: 'heavier', bytes: 40 }], cachesDropped: false });
    expect(done.skipped).toEqual(['caches are kept: the definition does not allow it', 'absent does not run here']);
    expect(done.users.length).toBeGreaterThan(0);
    expect(restarted).toEqual(['heavier']);
    expect(await activities().healMemory({ machine })).toMatchObject({ restarted: [] });
    isFull = () => true;
    expect(await failure(activities().healMemory({ machine }))).toMatchObject({ code: 'heal-failed' });
    expect(restarted).toEqual(['heavier', 'heavier', 'heavy', 'light']);
  });
});
