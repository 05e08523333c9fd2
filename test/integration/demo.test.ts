import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, readlink, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text as readAll } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { ACTION_STATUSES, ACTION_TYPES } from '../../src/domain/action.ts';
import type { DemoResult } from '../../src/cli/demo/run-demo.ts';
import { until } from '../support/harness.ts';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const LIMIT_MS = 180_000;

let root: string;

beforeEach(async () => {
  root = await realpath(await mkdtemp(path.join(tmpdir(), 'rerail-demo-test-')));
  await mkdir(path.join(root, 'home'));
  await mkdir(path.join(root, 'tmp'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

/** Command lines of all processes that were started with this folder: in their words, environment or as directory. */
async function processesOf(folder: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  const found = await Promise.all(
    pids.map(async (pid) => {
      const read = (name: string): Promise<string> => readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '');
      const [words, environment, cwd] = await Promise.all([
        read('cmdline'),
        read('environ'),
        readlink(`/proc/${pid}/cwd`).catch(() => ''),
      ]);
      return [words, environment, cwd].some((text) => text.includes(folder))
        ? [`${pid} ${words.replaceAll('\0', ' ')}`]
        : [];
    }),
  );
  return found.flat();
}

describe('the demonstration', () => {
  it(
    'recovers a broken release in four ways, says so in one JSON document, and leaves nothing behind',
    { timeout: LIMIT_MS + 10_000 },
    async () => {
      const child = spawn(process.execPath, [MAIN, 'demo', '-o', 'json'], {
        cwd: root,
        env: {
          PATH: process.env['PATH'],
          HOME: path.join(root, 'home'),
          TMPDIR: path.join(root, 'tmp'),
          RERAIL_TEMPORAL_BIN: inject('serverBinary'),
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const limit = setTimeout(() => child.kill('SIGTERM'), LIMIT_MS);
      const closed = once(child, 'close') as Promise<[number | null]>;
      let during: string[] = [];
      child.stderr.once('data', () => void processesOf(root).then((found) => (during = found)));
      const [stdout, stderr, [code]] = await Promise.all([readAll(child.stdout), readAll(child.stderr), closed]);
      clearTimeout(limit);
      expect(code, stderr).toBe(0);

      const { ok, recoveries } = JSON.parse(stdout) as DemoResult;
      expect(ok).toBe(true);
      expect(recoveries.map(({ scenario, target, status }) => [scenario, target, status])).toEqual([
        ['refused', 'release/refused', 'recovered'],
        ['corrupted', 'release/corrupted', 'recovered'],
        ['gate', 'release/gate', 'partial'],
        ['unknown', 'release/unknown', 'escalated'],
      ]);
      for (const recovery of recoveries) {
        expect(recovery).toMatchObject({
          workflowId: `recovery/${recovery.target}`,
          playbook: expect.stringMatching(/^[a-z0-9-]+$/) as string,
          planHash: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
          verified: recovery.status === 'recovered',
        });
        expect(recovery.actions.length).toBeGreaterThan(0);
        for (const { id, type, status, attempts, durationMs } of recovery.actions) {
          expect(id).toMatch(/^[a-z0-9-]+$/);
          expect(ACTION_TYPES).toContain(type);
          expect(ACTION_STATUSES).toContain(status);
          expect([attempts, durationMs].every((number) => Number.isInteger(number) && number >= 0)).toBe(true);
        }
      }
      const [refused, corrupted, gate, unknown] = recoveries;
      expect(refused?.actions.find(({ type }) => type === 'retry')).toMatchObject({ status: 'succeeded' });
      expect(refused?.actions.find(({ type }) => type === 'retry')?.attempts).toBeGreaterThanOrEqual(2);
      expect(corrupted?.actions.find(({ type }) => type === 'rollback')).toMatchObject({ status: 'succeeded' });
      expect(gate?.actions.find(({ type }) => type === 'skip')).toMatchObject({ status: 'succeeded' });
      expect(unknown?.actions.find(({ type }) => type === 'escalate')).toMatchObject({ status: 'succeeded' });
      expect([refused, corrupted].every((recovery) => (recovery?.ttrMs ?? 0) > 0)).toBe(true);
      expect(unknown?.ttrMs).toBeNull();
      for (const rolledBack of [corrupted, unknown]) expect(rolledBack?.checkpointId).toMatch(/^cp_[0-9A-Z]{26}$/);
      for (const { actions, checkpointId } of recoveries) {
        const restored = actions.some(
          ({ type, attempts }) => (type === 'rollback' || type === 'resume') && attempts > 0,
        );
        expect(checkpointId !== undefined).toBe(restored);
      }

      // The way to look for what is left does find what is there.
      expect(during.some((line) => line.includes('demo'))).toBe(true);
      await until(async () => (await processesOf(root)).length === 0, 'the last process to end').catch(async () =>
        expect(await processesOf(root)).toEqual([]),
      );
      expect(await readdir(path.join(root, 'tmp'))).toEqual([]);
      expect(await readdir(root)).toEqual(['home', 'tmp']);
    },
  );
});
