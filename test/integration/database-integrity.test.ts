import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { checkDatabaseIntegrity } from '../../src/activities/services/database/check-integrity.ts';
import { DatabaseServiceSchema } from '../../src/domain/service.schema.ts';
import { findPostgres, startPostgres, type PostgresServer } from '../support/database-servers.ts';
import { until } from '../support/until.ts';

const PAGE = 8192;
const TABLE = 'public.things';

let folder: string;
let server: PostgresServer;

const sql = async (text: string) => {
  const { port, user, password } = server;
  const client = new Client({ host: '127.0.0.1', port, user, password, database: 'postgres' });
  await client.connect();
  try {
    return (await client.query<{ value: string }>(text)).rows;
  } finally {
    await client.end();
  }
};

async function prepare(initOptions: string[] = []): Promise<void> {
  server = await startPostgres([], initOptions);
  await writeFile(path.join(folder, 'password'), server.password);
  await sql(`CREATE TABLE ${TABLE} (n int); INSERT INTO ${TABLE} SELECT generate_series(1, 1000)`);
}

/** While the server is away. */
async function damage(offset: number, bytes: number[]): Promise<void> {
  const [place] = await sql(`CHECKPOINT; SELECT 1`).then(() => sql(`SELECT pg_relation_filepath('${TABLE}') AS value`));
  await server.restart(async () => {
    const file = await open(path.join(server.directory, 'data', place?.value ?? ''), 'r+');
    await file.write(Buffer.from(bytes), 0, bytes.length, offset);
    await file.close();
  });
}

function check(integrity: object) {
  const { port, user } = server;
  const address = { port, user, database: 'postgres', passwordFrom: `file:${path.join(folder, 'password')}` };
  const database = DatabaseServiceSchema.parse({ ...address, integrity });
  return checkDatabaseIntegrity(database, new AbortController().signal);
}

describe.skipIf(findPostgres() === undefined)('the integrity of a database', () => {
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'rerail-integrity-'));
  });
  afterEach(() => server.stop());
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('is looked at in the tables that are named, and what is damaged is named', async () => {
    await prepare();
    const heap = { createExtension: true, heap: [TABLE] };
    expect(await check(heap)).toMatchObject({ method: 'amcheck', tablesChecked: [TABLE] });
    // Where the data of the first row begins: 22 bytes into its header, at the end of the page.
    await damage(PAGE - 32 + 22, [255]);
    await expect(check(heap)).rejects.toMatchObject({
      code: 'database-corrupt',
      details: { damaged: [{ name: TABLE, message: expect.stringContaining('255') as string }] },
    });
  });

  it('is told by the checksums of its pages where there is no amcheck', async () => {
    await prepare(['--data-checksums']);
    expect(await check({})).toMatchObject({ method: 'checksums' });
    await damage(PAGE - 8, [255]);
    await expect(sql(`SELECT sum(n) AS value FROM ${TABLE}`)).rejects.toThrow('invalid page');
    const found = await until(
      () =>
        check({}).then(
          () => undefined,
          (error: unknown) => error,
        ),
      'the count of the server',
    );
    expect(found).toMatchObject({
      code: 'database-corrupt',
      message: expect.stringContaining('wrong checksum') as string,
    });
  });

  it('is not said to be whole where nothing can be looked at', async () => {
    await prepare();
    const { method, notes } = await check({});
    expect(method).toBe('none');
    expect(notes.join()).toContain('nothing could be looked at');
  });
});
