import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createServiceActivities } from '../../src/activities/services/create-service-activities.ts';
import { createRecoveryClient, type RecoveryClient } from '../../src/client/recovery-client.ts';
import { stopChild } from '../support/cli.ts';
import { findPostgres, startPostgres, type PostgresServer } from '../support/database-servers.ts';
import { forkWorker } from '../support/fork-worker.ts';
import { until } from '../support/until.ts';

const id = randomUUID().slice(0, 8);
const name = `held-${id}`;
const queue = `held-${id}`;
/** In an order of their own, so that no other order is theirs by chance. */
const ENTRIES = [7, 3, 11, 1, 9, 5, 12, 2, 10, 4, 8, 6];
const HELD = 'rerail.rerail_held_operations';

const PLAYBOOK = `apiVersion: rerail/v1
kind: Playbook
metadata: {name: ${name}}
spec:
  match: [{target: service/${name}}]
  mode: auto
  actions:
    - id: resume-operations
      type: retry
      timeout: 10s
      procedure: resume-operations
      retry: {maximumAttempts: 5, initialInterval: 1ms}
`;

describe.skipIf(findPostgres() === undefined)('held operations whose worker is killed', () => {
  let folder: string;
  let server: PostgresServer;
  let connection: Connection;
  let recoveries: RecoveryClient;
  let worker: ChildProcess;
  let sql: pg.Client;

  const startWorker = (): Promise<ChildProcess> =>
    forkWorker(folder, {
      ...{ RERAIL_ADDRESS: inject('serverAddress'), RERAIL_HOST: queue, RERAIL_TASK_QUEUE: queue },
      ...{ RERAIL_DATA_DIR: join(folder, 'data'), RERAIL_PLAYBOOKS_DIR: join(folder, 'playbooks') },
    });
  const entries = async (): Promise<number[]> =>
    (await sql.query<{ entry: number }>('SELECT entry FROM log ORDER BY at')).rows.map(({ entry }) => entry);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rerail-held-'));
    await mkdir(join(folder, 'playbooks'));
    server = await startPostgres();
    await writeFile(join(folder, 'password'), server.password);
    const { port, user, password } = server;
    sql = new pg.Client({ host: '127.0.0.1', port, user, password, database: 'postgres' });
    await sql.connect();
    connection = await Connection.connect({ address: inject('serverAddress') });
    recoveries = createRecoveryClient({ client: new Client({ connection }), taskQueue: queue });
    worker = await startWorker();
  });
  afterAll(async () => {
    await stopChild(worker, 'SIGKILL');
    await sql.end();
    await connection.close();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('are all done, in order and once, wherever between taking over, effect and mark it dies', async () => {
    await sql.query('CREATE TABLE log (at bigserial, entry int)');
    const database = {
      ...{
        port: server.port,
        database: 'postgres',
        user: server.user,
        passwordFrom: `file:${join(folder, 'password')}`,
      },
      // Slow, so that a kill meets it: the effect.
      held: {
        schema: 'rerail',
        statements: { note: 'INSERT INTO log (entry) SELECT $1::int FROM pg_sleep(0.2)' },
      },
    };
    const component = {
      ...{ apiVersion: 'rerail/v1', kind: 'Component', metadata: { name } },
      spec: { target: `service/${name}`, service: { database } },
    };
    await writeFile(join(folder, 'playbooks', 'held.yaml'), `${PLAYBOOK}---\n${JSON.stringify(component)}\n`);
    const keys = () => ({ execution: id, step: randomUUID() });
    const signal = () => new AbortController().signal;
    const here = createServiceActivities({ services: recoveries.services, keys, signal });
    // Makes the table; from now on what is taken over and marked is slow as well.
    const service = { database };
    expect(await here.resumeOperations({ name, service })).toEqual({ done: 0, taken: 0 });
    await sql.query(`
      CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.2); RETURN NEW; END';
      CREATE TRIGGER slowly BEFORE INSERT OR UPDATE ON ${HELD} FOR EACH ROW EXECUTE FUNCTION slowly();`);
    for (const entry of ENTRIES)
      await recoveries.services.holdOperation(name, { id: `op-${entry}`, statement: 'note', values: [entry] });

    const { handle } = await recoveries.start({ target: `service/${name}`, message: 'it was away', host: queue });
    const kills: [done: number, statement: string][] = [
      [0, 'INSERT INTO %rerail_held_operations%'],
      [2, 'INSERT INTO log%'],
      [6, `UPDATE %rerail_held_operations%`],
    ];
    for (const [done, statement] of kills) {
      await until(async () => {
        const busy = `SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid() AND query LIKE $1`;
        return (await entries()).length >= done && (await sql.query(busy, [statement])).rows.length > 0;
      }, `${statement} after ${done}`);
      await stopChild(worker, 'SIGKILL');
      expect((await entries()).length).toBeLessThan(ENTRIES.length);
      worker = await startWorker();
    }
    const report = await handle.result();
    expect(report.status).toBe('recovered');
    expect(report.actions[0]?.attempts.map(({ ok }) => ok)).toEqual([false, false, false, true]);
    expect(await entries()).toEqual(ENTRIES);
    const { rows } = await sql.query(`SELECT count(*)::int AS left FROM ${HELD} WHERE done_at IS NULL`);
    expect(rows).toEqual([{ left: 0 }]);
    expect((await recoveries.services.status(name)).held).toBe(0);
  });
});
