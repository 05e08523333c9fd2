import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createRecoveryClient, type RecoveryClient } from '../../src/client/recovery-client.ts';
import { stopChild } from '../support/cli.ts';
import { forkWorker } from '../support/fork-worker.ts';
import { ESCALATE, head } from '../support/playbook-text.ts';
import { until } from '../support/until.ts';

const id = randomUUID().slice(0, 8);
const queue = `breaker-${id}`;
const name = `db-${id}`;
const TRIES = 'retry: {maximumAttempts: 3, initialInterval: 1ms, maximumInterval: 1ms, strategy: linear}';
const PLAYBOOK =
  head('guarded') + `    - {id: again, type: retry, breaker: ${name}, timeout: 60s, ${TRIES}}\n` + ESCALATE;
/** Notes each try, and ends once it may. */
const CALL = `
  const fs = require('node:fs');
  fs.appendFileSync('tries', 'tried\\n');
  setInterval(() => fs.existsSync('may-end') && process.exit(0), 20);`;

describe('a worker that is killed while it calls with the lease of a breaker', () => {
  let folder: string;
  let connection: Connection;
  let recoveries: RecoveryClient;
  let worker: ChildProcess;

  const startWorker = (): Promise<ChildProcess> =>
    forkWorker(folder, {
      ...{ RERAIL_ADDRESS: inject('serverAddress'), RERAIL_HOST: queue, RERAIL_TASK_QUEUE: queue },
      ...{ RERAIL_DATA_DIR: join(folder, 'data'), RERAIL_PLAYBOOKS_DIR: join(folder, 'playbooks') },
    });
  const tries = async (): Promise<number> =>
    (await readFile(join(folder, 'tries'), 'utf8').catch(() => '')).split('\n').length - 1;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rerail-breaker-'));
    await mkdir(join(folder, 'playbooks'));
    await writeFile(join(folder, 'playbooks', 'guarded.yaml'), PLAYBOOK);
    await writeFile(join(folder, 'call.cjs'), CALL);
    connection = await Connection.connect({ address: inject('serverAddress') });
    recoveries = createRecoveryClient({ client: new Client({ connection }), taskQueue: queue });
    worker = await startWorker();
  });
  afterAll(async () => {
    await stopChild(worker, 'SIGKILL');
    await connection.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('leaves neither the breaker without a lease to give nor a call that nobody counts', async () => {
    const { breakers } = recoveries;
    await breakers.configure(name, { by: 'ada', reason: 'a test', settings: { waitDurationInOpenState: '1ms' } });
    const failed = Array.from({ length: 5 }, () => ({ ok: false, durationMs: 1 }));
    await breakers.report(name, { id: randomUUID(), by: 'a', generation: 1, results: failed });
    const { handle } = await recoveries.start(
      {
        ...{ target: `service/${name}`, message: 'no answer', host: queue, workspace: folder },
        operation: { kind: 'command', argv: ['node', 'call.cjs'] },
      },
      { playbook: 'guarded' },
    );
    await until(async () => (await tries()) === 1, 'the call');
    const lease = (await breakers.status(name)).leases;
    expect(lease).toHaveLength(1);
    await stopChild(worker, 'SIGKILL');
    await writeFile(join(folder, 'may-end'), '');
    worker = await startWorker();
    expect((await breakers.status(name)).leases).toEqual(lease);
    const report = await handle.result();
    expect(report).toMatchObject({ status: 'recovered', resolvedBy: 'retry' });
    // The call outlives its worker, and the next one hears how it ended: one try, one call, one lease.
    expect(report.actions[0]?.attempts.map(({ ok }) => ok)).toEqual([true]);
    expect(await tries()).toBe(1);
    const { state, leases, changes } = await breakers.status(name);
    expect([state, leases]).toEqual(['CLOSED', []]);
    expect(changes.slice(-3).map(({ to }) => to)).toEqual(['OPEN', 'HALF_OPEN', 'CLOSED']);
  }, 60_000);
});
