import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createPostgresProvider } from '../../src/activities/providers/index.ts';
import type {
  CheckpointProvider,
  PostgresProviderOptions,
  ProviderCapture,
} from '../../src/activities/providers/index.ts';
import { PostgresStateSchema } from '../../src/activities/providers/postgres/postgres-state.schema.ts';
import type { RerailError } from '../../src/domain/errors.ts';
import { findPostgres, freePort, makeCertificate, startPostgres } from '../support/database-servers.ts';
import type { PostgresServer } from '../support/database-servers.ts';
import { failure } from '../support/rejection.ts';

const SECRET = 'RERAIL_TEST_POSTGRES_PASSWORD';

const SCHEMA = `
  CREATE TABLE accounts (id serial PRIMARY KEY, owner varchar(40) NOT NULL, balance int NOT NULL,
    state varchar(10) NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'closed')));
  CREATE TABLE transfers (id bigserial PRIMARY KEY, account int REFERENCES accounts, amount int NOT NULL,
    at timestamptz NOT NULL DEFAULT now(), note text, raw bytea, r float8, t text);
  CREATE INDEX transfers_by_account ON transfers (account) WHERE amount <> 0;
  CREATE VIEW rich AS SELECT owner, balance FROM accounts WHERE balance > 100 AND state IN ('open');
  CREATE MATERIALIZED VIEW totals AS SELECT sum(balance) AS total FROM accounts;
  CREATE FUNCTION half(n int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT n / 2';
  CREATE TABLE "Odd ""name" (r int, "Per cent %" text);
  CREATE TABLE events (day date NOT NULL, what text) PARTITION BY RANGE (day);
  CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
  INSERT INTO accounts (owner, balance) SELECT 'owner ' || n, 100 + n FROM generate_series(1, 20) n;
  INSERT INTO transfers (account, amount, note, raw, r) SELECT 1 + n % 20, 0, E'tab\\t ü', '\\x00ff', 0.1 * n FROM generate_series(1, 500) n;
  INSERT INTO "Odd ""name" VALUES (1, 'a'), (1, 'a'), (NULL, NULL);
  INSERT INTO events VALUES ('2026-05-01', 'partitioned');
  REFRESH MATERIALIZED VIEW totals;
  SELECT lo_from_bytea(4711, '\\xdeadbeef');`;

describe.skipIf(findPostgres() === undefined)('createPostgresProvider', () => {
  let server: PostgresServer;
  let admin: Client;
  let client: Client;
  let number = 0;
  let database = '';
  let directory = '';

  const connect = async (name = database): Promise<Client> => {
    const { port, user, password } = server;
    const opened = new Client({ host: '127.0.0.1', port, user, password, database: name });
    opened.on('error', () => undefined);
    await opened.connect();
    return opened;
  };
  const provider = (options: Partial<PostgresProviderOptions> = {}): CheckpointProvider =>
    createPostgresProvider({
      name: 'bank',
      host: '127.0.0.1',
      port: server.port,
      database,
      user: server.user,
      passwordFrom: `env:${SECRET}`,
      binDirectory: server.binDirectory,
      connectTimeoutMs: 3000,
      ...options,
    });
  const capture = (of = provider()): Promise<ProviderCapture> => {
    number += 1;
    const own = join(directory, String(number));
    mkdirSync(own, { mode: 0o700 });
    return of.capture({ directory: own });
  };
  const value = async (query: string, on = client): Promise<unknown> =>
    Object.values(((await on.query(query)).rows[0] ?? {}) as object)[0];
  const contentsOf = ({ state }: ProviderCapture) => PostgresStateSchema.parse(state).contents;
  const disturb = () =>
    client.query(`
      UPDATE accounts SET balance = 0 WHERE id = 3; DELETE FROM transfers WHERE id < 100; DROP VIEW rich;
      DROP INDEX transfers_by_account; SELECT nextval('accounts_id_seq') FROM generate_series(1, 5);
      SELECT lo_unlink(4711); DELETE FROM events`);

  beforeAll(async () => {
    server = await startPostgres();
    process.env[SECRET] = server.password;
    admin = await connect('postgres');
  });
  afterAll(async () => {
    await admin?.end();
    await server?.stop();
  });
  beforeEach(async () => {
    number += 1;
    database = `bank_${number}`;
    directory = mkdtempSync(join(tmpdir(), 'rerail-test-dumps-'));
    await admin.query(`CREATE DATABASE ${database}`);
    client = await connect();
    await client.query(SCHEMA);
  });
  afterEach(async () => {
    process.env[SECRET] = server.password;
    await client.end();
    rmSync(directory, { recursive: true, force: true });
  });

  it('restores rows, sequences, indexes, views, partitions and large objects, and says beforehand what changes', async () => {
    const captured = await capture();
    expect(statSync(captured.file ?? '').mode & 0o777).toBe(0o600);
    expect(await provider().plan(captured)).toEqual([]);
    expect(await provider().verify(captured)).toEqual([]);

    await disturb();
    await client.query('CREATE TABLE later (n int)');
    const changes = (await provider().plan(captured)).map(({ item, change }) => `${item}: ${change}`);
    expect(changes).toEqual([
      'table public.accounts: replace 20 rows with 20',
      'table public.events_2026: replace 0 rows with 1',
      'table public.transfers: replace 401 rows with 500',
      'sequence public.accounts_id_seq: set from 25 to 20 or later',
      'view public.rich: create',
      'index public.transfers_by_account: create',
      'large objects: put back: large object 4711 is missing',
      'table public.later: keep: it was made after the capture',
    ]);
    expect(await provider().verify(captured)).toContain(
      'table public.accounts has 20 rows as captured, but not the same',
    );

    await provider().restore(captured);
    expect(await provider().verify(captured)).toEqual([]);
    expect(await value('SELECT balance FROM accounts WHERE id = 3')).toBe(103);
    expect(await value('SELECT count(*) FROM rich')).toBe('20');
    expect(await value('SELECT total::int FROM totals')).toBe(2210);
    expect(await value(`SELECT nextval('accounts_id_seq')`)).toBe('21');
    expect(await value(`SELECT encode(lo_get(4711), 'hex')`)).toBe('deadbeef');
    expect(await value(`SELECT count(*) FROM pg_indexes WHERE indexname = 'transfers_by_account'`)).toBe('1');
    expect(await value('SELECT count(*) FROM later')).toBe('0');
    await provider().restore(captured);
    expect(await provider().verify(captured)).toEqual([]);
  });

  it('captures one point in time while others write', async () => {
    let isWriting = true;
    const write = async (): Promise<number> => {
      const writer = await connect();
      let written = 0;
      for (; isWriting; written += 1) {
        await writer.query(`BEGIN; UPDATE accounts SET balance = balance - 7 WHERE id = ${1 + (written % 20)};
          INSERT INTO transfers (account, amount) VALUES (${1 + (written % 20)}, 7); COMMIT`);
      }
      await writer.end();
      return written;
    };
    const invariant = `SELECT (SELECT sum(balance) FROM accounts) + (SELECT sum(amount) FROM transfers)`;
    const before = await value(invariant);
    const writers = [write(), write()];
    const captures: ProviderCapture[] = [];
    for (let round = 0; round < 4; round += 1) captures.push(await capture());
    isWriting = false;
    expect(Math.min(...(await Promise.all(writers)))).toBeGreaterThan(10);
    const counts = captures.map((captured) => contentsOf(captured).tables['public.transfers']?.rows ?? 0);
    expect(counts.at(-1)).toBeGreaterThan(counts[0] ?? 0);
    for (const captured of captures) {
      await provider().restore(captured);
      expect(await provider().verify(captured)).toEqual([]);
      expect(await value(invariant)).toBe(before);
    }
  });

  it('holds off TRUNCATE while it captures, which no snapshot would show, and not writes', async () => {
    const held = join(directory, 'held');
    mkdirSync(held);
    const [started, go] = [join(held, 'started'), join(held, 'go')];
    const wait = `[ "$1" = --version ] || { touch ${started}; while [ ! -e ${go} ]; do sleep 0.02; done; }`;
    writeFileSync(join(held, 'pg_dump'), `#!/bin/sh\n${wait}\nexec ${server.binDirectory}/pg_dump "$@"\n`, {
      mode: 0o755,
    });
    const capturing = capture(provider({ binDirectory: held }));
    await expect.poll(() => existsSync(started), { timeout: 10_000 }).toBe(true);
    await client.query(`INSERT INTO transfers (account, amount) VALUES (1, 1); SET lock_timeout = '200ms'`);
    await expect(client.query('TRUNCATE transfers')).rejects.toThrow('lock timeout');
    writeFileSync(go, '');
    const captured = await capturing;
    expect(contentsOf(captured).tables['public.transfers']?.rows).toBe(500);
    await client.query('TRUNCATE transfers');
    await provider().restore(captured);
    expect(await provider().verify(captured)).toEqual([]);
  });

  it('is undone by a capture made before', async () => {
    const undoing = provider({ dropUnknown: true });
    const captured = await capture();
    await disturb();
    const backup = await capture();
    await undoing.restore(captured);
    expect(await undoing.verify(captured)).toEqual([]);
    expect(await undoing.verify(backup)).not.toEqual([]);
    await undoing.restore(backup);
    expect(await undoing.verify(backup)).toEqual([]);
    expect(await undoing.plan(backup)).toEqual([]);
    expect(await value('SELECT balance FROM accounts WHERE id = 3')).toBe(0);
  });

  it('drops what was made after the capture only when told to, in the same transaction', async () => {
    const captured = await capture();
    await client.query(`
      CREATE TABLE later (n int, account int REFERENCES accounts);
      CREATE VIEW newer AS SELECT * FROM accounts; CREATE FUNCTION extra(text) RETURNS int LANGUAGE sql AS 'SELECT 1';
      CREATE SEQUENCE counter; SELECT lo_from_bytea(4712, 'x')`);
    const refused = await failure(provider().restore(captured));
    expect(refused).toMatchObject({ code: 'provider-failed', remedy: expect.stringContaining('dropUnknown') });
    expect(await value(`SELECT count(*) FROM newer`)).toBe('20');

    const dropping = provider({ dropUnknown: true });
    const unknown = [
      'table public.later',
      'sequence public.counter',
      'view public.newer',
      'function public.extra(text)',
      'large object 4712',
    ];
    expect(
      (await dropping.plan(captured)).filter(({ change }) => change.startsWith('drop:')).map(({ item }) => item),
    ).toEqual(unknown);
    expect(await dropping.verify(captured)).toEqual(unknown.map((item) => `${item} was not captured`));
    await dropping.restore(captured);
    expect(await dropping.verify(captured)).toEqual([]);
    expect(await value(`SELECT to_regclass('later')`)).toBeNull();
  });

  it('finds one row that was altered after a restore, and says where rows are only counted', async () => {
    const captured = await capture();
    await provider().restore(captured);
    await client.query(`UPDATE transfers SET note = 'altered' WHERE id = 250`);
    expect(await provider().verify(captured)).toEqual([
      'table public.transfers has 500 rows as captured, but not the same',
    ]);
    expect(await provider().plan(captured)).toEqual([
      { item: 'table public.transfers', change: 'replace 500 rows with 500' },
    ]);

    const counting = provider({ digestRowLimit: 100 });
    const counted = await capture(counting);
    expect(contentsOf(counted).tables['public.transfers']).toMatchObject({ rows: 500, digest: null });
    expect(contentsOf(counted).tables['public.accounts']?.digest).toMatch(/^[0-9a-f]{64}$/);
    expect(await counting.plan(counted)).toEqual([
      { item: 'table public.transfers', change: 'replace 500 rows with as many, which were not compared' },
    ]);
  });

  it.each([
    ['pg_restore', 'waits with half of the tables dropped', 'DROP'],
    ['pg_restore', 'copies rows', 'COPY'],
    ['psql', 'copies rows, having dropped what is unknown', 'COPY'],
  ])('leaves the old state when %s is killed while it %s', async (program, _, at) => {
    const restorer = provider({ dropUnknown: program === 'psql' });
    await client.query(
      `INSERT INTO transfers (account, amount, note) SELECT 1, 1, repeat('x', 200) FROM generate_series(1, 100000)`,
    );
    const captured = await capture();
    await disturb();
    await client.query('CREATE TABLE later (n int)');
    const disturbed = await capture();
    const blocker = await connect();
    if (at === 'DROP') await blocker.query(`BEGIN; LOCK TABLE accounts IN ACCESS SHARE MODE`);
    const restoring = failure(restorer.restore(captured));
    await vi.waitFor(
      async () => {
        const query =
          at === 'DROP' ? `wait_event_type = 'Lock' AND query ~ 'DROP|ALTER'` : `query ~ 'COPY public.transfers'`;
        const count = `SELECT count(*) FROM pg_stat_activity WHERE application_name = 'rerail-restore' AND datname = '${database}' AND ${query}`;
        expect(await value(count, admin)).toBe('1');
      },
      { timeout: 20_000, interval: 2 },
    );
    const pid = childNamed(program);
    process.kill(pid, 'SIGKILL');
    const error = await restoring;
    expect(error).toMatchObject({ code: 'provider-failed', message: expect.stringContaining('SIGKILL') });
    await blocker.end();
    expect(await provider().verify(disturbed)).toEqual([]);
    expect(await provider().plan(disturbed)).toEqual([]);
    await restorer.restore(captured);
    expect(await restorer.verify(captured)).toEqual([]);
  });

  it('ends the session that a killed restore left on the server, and refuses a second restore at the same time', async () => {
    const captured = await capture();
    const blocker = await connect();
    await blocker.query('BEGIN; LOCK TABLE accounts IN ACCESS SHARE MODE');
    const controller = new AbortController();
    const first = provider().restore({ ...captured, signal: controller.signal });
    first.catch(() => undefined);
    const sessions = `SELECT count(*) FROM pg_stat_activity WHERE application_name = 'rerail-restore' AND wait_event_type = 'Lock'`;
    await vi.waitFor(async () => {
      expect(await value(sessions, admin)).toBe('1');
    }, 20_000);
    expect((await failure(provider().restore(captured))).message).toContain('another restore');
    controller.abort();
    await expect(first).rejects.toThrow();
    await blocker.query('ROLLBACK');
    await vi.waitFor(() => provider().restore(captured), 20_000);
    await blocker.end();
    expect(await provider().verify(captured)).toEqual([]);
  });

  it('restores into a new database, swaps the names and keeps the old one', async () => {
    const captured = await capture();
    await disturb();
    await client.query('CREATE TABLE later (n int)');
    const swapping = provider({ mode: 'new-database' });
    const plan = await swapping.plan(captured);
    const undo = /keep the present one as (\S+)/.exec(plan[0]?.change ?? '')?.[1] ?? '';
    expect(undo).toMatch(new RegExp(`^${database}_undo_[0-9a-f]{12}$`));
    await swapping.restore(captured);
    await expect(client.query('SELECT 1')).rejects.toThrow();
    expect(await swapping.verify(captured)).toEqual([]);
    const old = await connect(undo);
    expect(await value('SELECT balance FROM accounts WHERE id = 3', old)).toBe(0);
    await old.end();

    const names = `SELECT count(*) FROM pg_database WHERE datname LIKE '${database}%'`;
    expect(await value(names, admin)).toBe('2');
    await swapping.restore(captured);
    expect(await value(names, admin)).toBe('2');
  });

  it('refuses a new database where it would lack grants or settings of the old one', async () => {
    const captured = await capture();
    await client.query(`UPDATE accounts SET balance = 1; ALTER DATABASE ${database} SET work_mem = '5MB'`);
    const error = await failure(provider({ mode: 'new-database' }).restore(captured));
    expect(error).toMatchObject({
      message: expect.stringContaining('settings of its own'),
      remedy: 'Use the mode in-place.',
    });
    expect(() => provider({ mode: 'new-database', database: 'postgres' })).toThrow(/cannot rename postgres/);
  });

  describe('says clearly and soon what is wrong, without the password', () => {
    const within = async (work: Promise<unknown>): Promise<RerailError> => {
      const started = Date.now();
      const error = await failure(work);
      expect(Date.now() - started).toBeLessThan(15_000);
      const text = JSON.stringify([error.message, error.remedy, error.details, error.stack, String(error.cause)]);
      for (const secret of [server.password, 'wrong-pass', 's3cret']) expect(text).not.toContain(secret);
      expect(error.remedy).toBeTruthy();
      return error;
    };

    it('a wrong password', async () => {
      process.env[SECRET] = 'wrong-pass';
      const error = await within(capture());
      expect(error).toMatchObject({ code: 'provider-failed', nonRetryable: true });
      expect(error.message).toContain('password authentication failed');
    });

    it('a server that is down, and one that accepts and says nothing', async () => {
      const down = await within(capture(provider({ port: await freePort() })));
      expect(down).toMatchObject({ code: 'provider-failed', nonRetryable: false });
      expect(down.message).toContain('ECONNREFUSED');
      server.process.kill('SIGSTOP');
      try {
        const silent = await within(capture(provider({ connectTimeoutMs: 500 })));
        expect(silent.remedy).toContain('See that the server runs');
      } finally {
        server.process.kill('SIGCONT');
      }
    });

    it('a database that is not there', async () => {
      const error = await within(capture(provider({ database: 'nowhere' })));
      expect(error).toMatchObject({ nonRetryable: true, remedy: 'Correct the name of the database.' });
    });

    it('programs that are missing or older than the server', async () => {
      const empty = join(directory, 'bin');
      mkdirSync(empty);
      expect(await within(capture(provider({ binDirectory: empty })))).toMatchObject({ code: 'command-not-found' });
      writeFileSync(join(empty, 'pg_dump'), '#!/bin/sh\necho "pg_dump (PostgreSQL) 9.6.1"\n', { mode: 0o755 });
      const old = await within(capture(provider({ binDirectory: empty })));
      expect(old.message).toMatch(/pg_dump is of PostgreSQL 9, the server is of \d+/);
      expect(old.remedy).toContain('or newer');
    });

    it('a dump that is cut short: nothing is changed', async () => {
      const captured = await capture();
      await disturb();
      const disturbed = await capture();
      const bytes = readFileSync(captured.file ?? '');
      for (const share of [0.2, 0.6, 0.95]) {
        writeFileSync(captured.file ?? '', bytes.subarray(0, Math.floor(bytes.length * share)));
        for (const dropUnknown of [false, true]) await within(provider({ dropUnknown }).restore(captured));
      }
      expect(await provider().verify(disturbed)).toEqual([]);
    });
  });

  it('speaks TLS, and checks the certificate when told to', async () => {
    const files = mkdtempSync(join(tmpdir(), 'rerail-test-tls-'));
    const { key, certificate } = makeCertificate(files, 'own');
    const strict = await startPostgres(['ssl=on', `ssl_key_file=${key}`, `ssl_cert_file=${certificate}`]);
    try {
      const over = (tls: PostgresProviderOptions['tls']) =>
        capture(provider({ host: 'localhost', port: strict.port, database: 'postgres', tls }));
      expect((await over({ mode: 'require' })).state).toMatchObject({ database: 'postgres' });
      expect((await over({ mode: 'verify-full', caFile: certificate })).state).toMatchObject({ database: 'postgres' });
      const { certificate: other } = makeCertificate(files, 'other');
      await expect(over({ mode: 'verify-full', caFile: other })).rejects.toThrow(/certificate|signed/i);
    } finally {
      await strict.stop();
      rmSync(files, { recursive: true, force: true });
    }
  });

  it('gives programs the password in no argument and no file, and nothing of the worker’s environment', async () => {
    const spy = join(directory, 'spy');
    mkdirSync(spy);
    const [argumentsFile, environmentFile] = [join(directory, 'arguments'), join(directory, 'environment')];
    const record = `[ "$1" = --version ] || { echo "$@" > ${argumentsFile}; env > ${environmentFile}; }`;
    const script = `#!/bin/sh\n${record}\nexec ${server.binDirectory}/pg_dump "$@"\n`;
    writeFileSync(join(spy, 'pg_dump'), script, { mode: 0o755 });
    await capture(provider({ binDirectory: spy }));
    expect(readFileSync(argumentsFile, 'utf8')).toContain('--snapshot=');
    expect(readFileSync(argumentsFile, 'utf8')).not.toContain('s3cret');
    const names = readFileSync(environmentFile, 'utf8').match(/^\w+(?==)/gm) ?? [];
    const known = /^(PATH|LC_ALL|PG\w+|PWD|OLDPWD|SHLVL|_)$/;
    expect(names.filter((name) => !known.test(name))).toEqual([]);
  });
});

/** The pid of a child of this process. */
function childNamed(name: string): number {
  const lines = execFileSync('ps', ['-o', 'pid=,comm=', '--ppid', String(process.pid)], { encoding: 'utf8' }).split(
    '\n',
  );
  return Number(
    lines
      .find((line) => line.endsWith(` ${name}`))
      ?.trim()
      .split(' ')[0],
  );
}
