import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createHostActivities } from '../../../src/activities/index.ts';
import { ProbeSchema } from '../../../src/domain/probe.schema.ts';
import { createMemoryStore } from '../../../src/store/memory-store.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'rerail-probe-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it('tells the server that a slow look goes on, which would be repeated otherwise', async () => {
  const { runProbe } = createHostActivities({
    dataDir: folder,
    host: 'here',
    storePath: folder,
    executionsFolder: folder,
    openStore: () => Promise.resolve(createMemoryStore()),
  });
  const environment = new MockActivityEnvironment();
  // The look ends when the first sign of life has come.
  environment.on('heartbeat', () => void writeFile(path.join(folder, 'heard'), ''));
  const wait = `while (!require('fs').existsSync('heard')) require('child_process').spawnSync('sleep', ['0.05'])`;
  const probe = ProbeSchema.parse({
    name: 'slow',
    timeout: '20s',
    workspace: folder,
    command: { argv: ['node', '-e', wait] },
  });
  expect(await environment.run(runProbe, probe)).toMatchObject({ passed: true });
}, 30_000);
