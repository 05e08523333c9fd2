import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { createRecoveryClient } from '../../src/client/recovery-client.ts';
import { DrillSpecSchema } from '../../src/domain/drill.schema.ts';
import { createServerProgram } from '../../src/embedded/server-program.ts';
import { expectRemoved, openDrillSandbox } from '../support/drill-sandbox.ts';
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
afterEach(() => expectRemoved({ dataDir, id: ID }));
afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(dataDir, { recursive: true, force: true });
});

async function open() {
  const box = await openDrillSandbox(
    { dataDir, id: ID, temporalServer: createServerProgram({}) },
    { services: SERVICES },
  );
  const [server = '', worker = ''] = ['server', 'worker'].map((name) => `127.0.0.1:${box.port(name)}`);
  return { ...box, server, worker };
}

describe('Temporal in the sandbox of a drill', () => {
  it('is killed and stopped, and has its state and its worker again', async () => {
    const { during, server, worker } = await open();
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
    const connection = await Connection.connect({ address: server });
    try {
      const { breakers } = createRecoveryClient({ client: new Client({ connection }), taskQueue: 'drilled' });
      await breakers.forceOpen('payments', { by: 'test', reason: 'to be remembered' });
    } finally {
      await connection.close();
    }
    expect([await healthy(), await stateOf('payments')]).toEqual([true, 'FORCED_OPEN']);

    await during({ type: 'killService', service: 'worker' }, async () => {
      expect([await healthy(), await stateOf('payments')]).toEqual([false, undefined]);
    });
    await until(async () => (await stateOf('payments')) === 'FORCED_OPEN', 'the worker');
    for (const type of ['killService', 'stopService']) {
      await during({ type, service: 'server' }, async () => {
        expect(await stateOf('payments'), type).toBeUndefined();
      });
      await until(async () => (await stateOf('payments')) === 'FORCED_OPEN', `the server after ${type}`);
    }
  });

  it('says what is missing where the host knows no server', async () => {
    await expect(openDrillSandbox({ dataDir, id: ID }, { services: SERVICES })).rejects.toMatchObject({
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
