import { existsSync } from 'node:fs';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { createDrillActivities } from '../../src/activities/drills/create-drill-activities.ts';
import { injectFault, takeBackFault } from '../../src/activities/drills/faults/registry.ts';
import { removeSandbox } from '../../src/activities/drills/remove-sandbox.ts';
import { existingSandbox, sandboxPlace } from '../../src/activities/drills/sandbox-place.ts';
import { processesIn } from '../../src/activities/drills/sandbox-processes.ts';
import { startAll } from '../../src/activities/drills/start-all.ts';
import { createRecoveryClient } from '../../src/client/recovery-client.ts';
import { DrillFaultSchema } from '../../src/domain/drill-fault.schema.ts';
import { SandboxSchema } from '../../src/domain/drill-sandbox.schema.ts';
import { DrillSpecSchema } from '../../src/domain/drill.schema.ts';
import { createServerProgram } from '../../src/embedded/server-program.ts';
import { until } from '../support/until.ts';

const ID = 'drill/faults-temporal/1/run';
const SERVICES = [
  { kind: 'worker', name: 'worker', temporal: 'server', taskQueue: 'drilled' },
  { kind: 'temporal', name: 'server' },
];
let dataDir = '';

beforeAll(async () => {
  vi.stubEnv('RERAIL_TEMPORAL_BIN', inject('serverBinary'));
  dataDir = await realpath(await mkdtemp(path.join(tmpdir(), 'rerail-faults-')));
});
afterEach(async () => {
  const place = sandboxPlace(dataDir, ID);
  expect(await removeSandbox(place)).toEqual([]);
  expect(await processesIn(place)).toEqual([]);
  expect([place.root, place.outside].filter(existsSync)).toEqual([]);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(dataDir, { recursive: true, force: true });
});

async function open(temporalServer = createServerProgram({})) {
  const sandbox = SandboxSchema.parse({ services: SERVICES });
  const { inputs } = await createDrillActivities({ dataDir }).prepareSandbox({ id: ID, sandbox });
  const place = await existingSandbox(dataDir, ID);
  await startAll(place, sandbox, temporalServer);
  const [server, worker] = ['server', 'worker'].map((name) => `127.0.0.1:${inputs?.ports[name] ?? 0}`);
  return { place, server: server ?? '', worker: worker ?? '' };
}

describe('Temporal in the sandbox of a drill', () => {
  it('is killed and stopped, and has its state and its worker again', async () => {
    const { place, server, worker } = await open();
    const healthy = () =>
      fetch(`http://${worker}/healthz`, { headers: { connection: 'close' } }).then(
        ({ ok }) => ok,
        () => false,
      );
    /** What the worker reads out of the history of the server; undefined where either does not answer. */
    const stateOf = async (name: string): Promise<string | undefined> => {
      try {
        const connection = await Connection.connect({ address: server, connectTimeout: 2000 });
        try {
          const { breakers } = createRecoveryClient({ client: new Client({ connection }), taskQueue: 'drilled' });
          return await connection.withDeadline(Date.now() + 3000, async () => (await breakers.status(name)).state);
        } finally {
          await connection.close();
        }
      } catch {
        return undefined;
      }
    };
    const during = async (index: number, given: object, seen: () => Promise<void>) => {
      const fault = DrillFaultSchema.parse(given);
      // Twice, as after a lost worker.
      await injectFault(place, index, fault);
      await injectFault(place, index, fault);
      await seen();
      await takeBackFault(place, index);
      await takeBackFault(place, index);
    };
    const connection = await Connection.connect({ address: server });
    try {
      const { breakers } = createRecoveryClient({ client: new Client({ connection }), taskQueue: 'drilled' });
      await breakers.forceOpen('payments', { by: 'test', reason: 'to be remembered' });
    } finally {
      await connection.close();
    }
    expect([await healthy(), await stateOf('payments')]).toEqual([true, 'FORCED_OPEN']);

    await during(0, { type: 'killService', service: 'worker' }, async () => {
      expect([await healthy(), await stateOf('payments')]).toEqual([false, undefined]);
    });
    await until(async () => (await stateOf('payments')) === 'FORCED_OPEN', 'the worker');
    for (const [index, type] of ['killService', 'stopService'].entries()) {
      await during(index + 1, { type, service: 'server' }, async () => {
        expect(await stateOf('payments'), type).toBeUndefined();
      });
      await until(async () => (await stateOf('payments')) === 'FORCED_OPEN', `the server after ${type}`);
    }
  });

  it('says what is missing where the host knows no server', async () => {
    const sandbox = SandboxSchema.parse({ services: SERVICES });
    await createDrillActivities({ dataDir }).prepareSandbox({ id: ID, sandbox });
    await expect(startAll(await existingSandbox(dataDir, ID), sandbox)).rejects.toMatchObject({
      code: 'setup-failed',
      remedy: expect.stringContaining('rerail worker') as string,
    });
  });

  it('is named by its workers', () => {
    const specOf = (temporal: string) => ({
      sandbox: {
        services: [
          { kind: 'temporal', name: 'server' },
          { ...SERVICES[0], temporal },
        ],
      },
      steadyState: [{ name: 'up', tcp: { port: 1 } }],
      faults: [{ type: 'killService', service: 'worker' }],
    });
    expect(DrillSpecSchema.safeParse(specOf('server')).success).toBe(true);
    expect(DrillSpecSchema.safeParse(specOf('worker')).error?.issues).toMatchObject([
      { path: ['sandbox', 'services', 1, 'temporal'], message: expect.stringContaining('kind temporal') as string },
    ]);
  });
});
