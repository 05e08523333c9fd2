import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, inject, it, onTestFinished } from 'vitest';
import { leftBy, runDrills } from '../../scripts/prove/run-drills.ts';
import { runProcess } from '../../src/process/run-process.ts';

const env = { PATH: process.env['PATH'] ?? '' };
const isRoot = process.getuid?.() === 0;

it('names a leftover of each kind', async () => {
  const directory = await realpath(await mkdtemp(path.join(tmpdir(), 'rerail-left-')));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const make = (name: string) => mkdir(path.join(directory, name), { recursive: true });
  await make('data/processes/web');
  expect(await leftBy(directory)).toEqual([]);
  await make('data/processes/drill-web-12345678');
  await make('data/drills/abc/work');
  await make('tmp/rerail-drill-abc');
  const files = ['sandbox abc', 'process record drill-web-12345678', 'temporary rerail-drill-abc'];
  expect(await leftBy(directory)).toEqual(files);

  // Known by its working directory, by its environment.
  const inside = spawn('sleep', ['600'], { cwd: path.join(directory, 'data/drills/abc/work'), env });
  const outside = spawn('sleep', ['600'], { cwd: '/', env: { ...env, RERAIL_DRILL: directory } });
  onTestFinished(async () => {
    for (const child of [inside, outside]) {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    }
  });
  await Promise.all([inside, outside].map((child) => once(child, 'spawn')));
  const running = [inside, outside].map(({ pid }) => expect.stringContaining(`process ${pid ?? 0}:`) as string);
  expect((await leftBy(directory)).sort()).toEqual(expect.arrayContaining([...running, ...files]));

  // Only root may mount.
  if (!isRoot) return;
  const disk = path.join(directory, 'data/drills/abc/work');
  const mounted = await runProcess({ argv: ['mount', '-t', 'tmpfs', 'rerail-drill', disk], env });
  expect(mounted.stderr).toBe('');
  onTestFinished(async () => void (await runProcess({ argv: ['umount', '-l', disk], env })));
  expect(await leftBy(directory)).toContain(`mount ${disk}`);
});

it('finds nothing after drills that have a database, a terminal and a process of their host', async () => {
  const { exitCode, output = [] } = await runDrills(inject('serverBinary'), [
    'session-crashed',
    'service-database',
    'process',
  ]);
  expect(exitCode).toBe(0);
  expect(output.at(-1)).toEqual({ leftovers: [] });
});
