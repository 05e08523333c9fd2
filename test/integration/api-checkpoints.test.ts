// A real worker with a real store and real files behind the routes.
import type { ChildProcess } from 'node:child_process';
import { access, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import type { Role } from '../../src/api/contract/route.ts';
import { createRecoveryClient, type RecoveryClient } from '../../src/client/recovery-client.ts';
import type { CheckpointRecord } from '../../src/domain/checkpoint.ts';
import type { RestoreResult } from '../../src/domain/rollback.ts';
import { askApi, auditOf, createTestApi, type TestApi } from '../support/api.ts';
import { stopChild, useCli } from '../support/cli.ts';
import { until } from '../support/until.ts';

const cli = useCli();
const reason = 'a test';
let worker: ChildProcess;
let connection: Connection;
let recoveries: RecoveryClient;
let api: TestApi;
let subject = '';
let root = '';
let made = 0;

beforeAll(async () => {
  connection = await Connection.connect({ address: inject('serverAddress') });
  const host = `cli-${cli.unique}`;
  recoveries = createRecoveryClient({ client: new Client({ connection }), taskQueue: host });
  [worker, api] = await Promise.all([cli.startWorker(), createTestApi(recoveries, { host, taskQueue: host })]);
});
afterAll(async () => {
  await Promise.all([api.close(), stopChild(worker)]);
  await connection.close();
});
beforeEach(async () => {
  made += 1;
  subject = `tree/api-${made}-${cli.unique}`;
  root = path.dirname(await cli.file(`api-${made}/kept`, 'one'));
});

const at = (name: string): string => path.join(root, name);
const read = (name: string): Promise<string> => readFile(at(name), 'utf8');
const isThere = (name: string): Promise<boolean> =>
  access(at(name)).then(
    () => true,
    () => false,
  );
const save = (name: string, more: { tags?: string[] } = {}): Promise<CheckpointRecord> =>
  recoveries.checkpoints.create(subject, { name, type: 'manual', host: `cli-${cli.unique}`, root, ...more });

const get = (url: string, who: Role = 'viewer') => askApi(api, who, `/api/v1${url}`);
const post = (who: Role, url: string, body: object) => askApi(api, who, `/api/v1${url}`, { body });
const about = (id: string, what = '', more: Record<string, string> = {}): string =>
  `/checkpoints/${id}${what}?${new URLSearchParams({ subject, ...more }).toString()}`;
const listOf = async (more: Record<string, string> = {}) => {
  const { status, body } = await get(`/checkpoints?${new URLSearchParams({ subject, ...more }).toString()}`);
  expect(status).toBe(200);
  const { items, nextCursor } = body as unknown as { items: CheckpointRecord[]; nextCursor: string | null };
  return { names: items.map(({ info }) => info.name), nextCursor };
};
const resultOf = ({ body }: { body: object }): RestoreResult => body as RestoreResult;
const changesOf = ({ plan }: RestoreResult) => plan.changes.map(({ path: name, change }) => `${change} ${name}`).sort();

describe('checkpoints over HTTP', () => {
  it('are listed by subject, newest first, in pages and with a filter, and shown', async () => {
    const first = await save('first', { tags: ['ci'] });
    await save('second');
    await save('third');
    await until(
      async () => ((await get('/subjects')).body['items'] as string[]).includes(subject),
      'the subject in the list',
    );
    expect(await listOf()).toEqual({ names: ['third', 'second', 'first'], nextCursor: null });
    const page = await listOf({ limit: '2' });
    expect(page).toEqual({ names: ['third', 'second'], nextCursor: '2' });
    expect(await listOf({ limit: '2', cursor: page.nextCursor ?? '' })).toEqual({ names: ['first'], nextCursor: null });
    expect((await listOf({ tags: 'ci' })).names).toEqual(['first']);
    expect((await listOf({ type: 'phase-start,manual' })).names).toHaveLength(3);
    expect((await listOf({ until: first.createdAt })).names).toEqual(['first']);

    for (const url of [about(first.info.id), `/checkpoints/${first.info.id}`]) {
      expect(await get(url)).toMatchObject({
        status: 200,
        body: { info: { id: first.info.id, subject, name: 'first', tags: ['ci'] }, root, fileCount: 1 },
      });
    }
    expect(await get(about(`cp_${'0'.repeat(26)}`))).toMatchObject({
      status: 404,
      body: { code: 'checkpoint-not-found' },
    });
    expect(await get('/checkpoints?subject=tree/never')).toMatchObject({ status: 200, body: { items: [] } });
  });

  it('are compared with each other', async () => {
    const from = (await save('from')).info.id;
    await writeFile(at('kept'), 'two');
    await writeFile(at('added'), 'new');
    const to = (await save('to')).info.id;
    const { status, body } = await get(about(from, '/diff', { to }));
    expect(status).toBe(200);
    expect(body).toMatchObject({ from, to, changesTotal: 2 });
    const changed = (body['changes'] as { path: string; change: string }[]).map(({ path: p, change }) => [p, change]);
    expect(changed.sort()).toEqual([
      ['added', 'create'],
      ['kept', 'replace'],
    ]);
    expect(await get(about(from, '/diff', { to: `cp_${'0'.repeat(26)}` }))).toMatchObject({ status: 404 });
  });

  it('are kept from being chosen, and deleted, by an admin who says why', async () => {
    const [older, newer] = [(await save('older')).info.id, (await save('newer')).info.id];
    expect(await post('operator', about(newer, '/invalidate'), { reason })).toMatchObject({ status: 403 });
    expect(await post('admin', about(newer, '/invalidate'), { reason })).toMatchObject({
      status: 200,
      body: { state: 'invalidated', stateReason: `${reason} (the-admin)` },
    });
    expect((await listOf({ valid: 'true' })).names).toEqual(['older']);
    // What `latest` means is the one before it now.
    const preview = await post('operator', '/rollbacks:preview', { subject, checkpoint: 'latest' });
    expect(resultOf(preview).checkpointId).toBe(older);

    const drop = (who: Role, more: Record<string, string>) =>
      askApi(api, who, `/api/v1${about(newer, '', more)}`, { method: 'DELETE' });
    expect(await drop('operator', { reason })).toMatchObject({ status: 403 });
    expect(await drop('admin', {})).toMatchObject({ status: 400, body: { errors: [{ field: 'reason' }] } });
    expect((await listOf()).names).toEqual(['newer', 'older']);
    expect(await drop('admin', { reason })).toMatchObject({
      status: 200,
      body: { freedBytes: expect.any(Number) as number },
    });
    expect((await listOf()).names).toEqual(['older']);
    expect(await get(about(newer))).toMatchObject({ status: 404 });
    expect((await auditOf(api, '/api/v1/checkpoints/{id}')).slice(-2)).toMatchObject([
      { kind: 'intent', actor: 'the-admin', reason },
      { kind: 'outcome', actor: 'the-admin', status: 200 },
    ]);
  });
});

describe('rollbacks over HTTP', () => {
  const POST = '/rollbacks';
  const UNDO = '/undo';

  it('are previewed, done as previewed only, taken back, and done again', async () => {
    await writeFile(at('gone'), 'still wanted');
    const { info } = await save('good');
    await writeFile(at('kept'), 'two');
    await writeFile(at('late'), 'of nobody');
    await rm(at('gone'));
    const body = { subject, checkpoint: 'latest' };
    expect(await post('viewer', '/rollbacks:preview', body)).toMatchObject({ status: 403 });
    const preview = await post('operator', '/rollbacks:preview', { ...body, diff: true });
    expect(preview.status).toBe(200);
    const { plan, checkpointId } = resultOf(preview);
    expect(checkpointId).toBe(info.id);
    expect(changesOf(resultOf(preview))).toEqual(['create gone', 'delete late', 'replace kept']);
    expect(plan.changes.find(({ path: name }) => name === 'kept')?.diff).toMatch(/-two[^]*\+one/);
    expect([await read('kept'), await isThere('gone')]).toEqual(['two', false]);

    expect(await post('operator', POST, { ...body, planHash: plan.hash, reason })).toMatchObject({ status: 403 });
    expect(await post('admin', POST, { ...body, planHash: plan.hash })).toMatchObject({
      status: 400,
      body: { errors: [{ field: 'reason' }] },
    });
    // What has changed since the preview is not what somebody has agreed to.
    await writeFile(at('kept'), 'three');
    expect(await post('admin', POST, { ...body, planHash: plan.hash, reason })).toMatchObject({
      status: 409,
      body: { code: 'plan-hash-mismatch' },
    });
    expect([await read('kept'), await isThere('late')]).toEqual(['three', true]);

    const planHash = resultOf(await post('operator', '/rollbacks:preview', body)).plan.hash;
    const applied = await post('admin', POST, { ...body, planHash, reason });
    expect(applied).toMatchObject({ status: 200, body: { success: true, checkpointId: info.id } });
    expect([await read('kept'), await read('gone'), await isThere('late')]).toEqual(['one', 'still wanted', false]);
    expect((await auditOf(api, '/api/v1/rollbacks')).slice(-2)).toMatchObject([
      { kind: 'intent', actor: 'the-admin', target: subject, reason },
      { kind: 'outcome', actor: 'the-admin', target: subject, status: 200 },
    ]);

    for (const [kept, late] of [
      ['three', true],
      ['one', false],
    ] as const) {
      const back = resultOf(await post('operator', '/undo:preview', { subject }));
      expect([await read('kept'), await isThere('late')]).not.toEqual([kept, late]);
      const undo = { subject, planHash: back.plan.hash, reason };
      expect(await post('operator', UNDO, undo)).toMatchObject({ status: 403 });
      expect(await post('admin', UNDO, { ...undo, planHash: planHash.replaceAll(/./g, '0') })).toMatchObject({
        status: 409,
        body: { code: 'plan-hash-mismatch' },
      });
      expect(await post('admin', UNDO, undo)).toMatchObject({ status: 200, body: { success: true } });
      expect([await read('kept'), await isThere('late')]).toEqual([kept, late]);
      expect(await isThere('gone')).toBe(!late);
    }
  });

  it('take the paths that are named, and no more', async () => {
    await writeFile(at('other'), 'one');
    await save('good');
    await writeFile(at('kept'), 'two');
    await writeFile(at('other'), 'two');
    const body = { subject, checkpoint: 'latest', scope: { files: ['other'] } };
    const { plan } = resultOf(await post('operator', '/rollbacks:preview', body));
    expect(plan.changes.map(({ path: name }) => name)).toEqual(['other']);
    expect(await post('admin', POST, { ...body, planHash: plan.hash, reason })).toMatchObject({ status: 200 });
    expect([await read('kept'), await read('other')]).toEqual(['two', 'one']);
  });

  it('are refused for what is not there, and nothing to undo is no fault of the server', async () => {
    const never = { subject: 'tree/never', checkpoint: 'latest' };
    expect(await post('operator', '/rollbacks:preview', never)).toMatchObject({ status: 404 });
    await save('good');
    expect(await post('operator', '/undo:preview', { subject })).toMatchObject({
      status: 404,
      body: { code: 'checkpoint-not-found' },
    });
    expect(await post('operator', '/rollbacks:preview', { subject, checkpoint: 'phase:no-such' })).toMatchObject({
      status: 404,
    });
  });
});

describe('a checkpoint that is read back over HTTP', () => {
  it('stays what it is while the store is whole, and is marked corrupt when it is not', async () => {
    const { id } = (await save('good')).info;
    expect(await post('viewer', about(id, '/verify'), {})).toMatchObject({ status: 403 });
    expect(await post('operator', about(id, '/verify'), {})).toMatchObject({
      status: 200,
      body: { state: 'complete' },
    });
    const packs = path.join(cli.root, 'data', 'store.git', 'repository', 'objects', 'pack');
    for (const name of await readdir(packs)) await rm(path.join(packs, name), { force: true });
    expect(await post('operator', about(id, '/verify'), { level: 'full' })).toMatchObject({
      status: 200,
      body: { info: { id }, state: 'corrupt' },
    });
    expect((await listOf({ valid: 'true' })).names).toEqual([]);
    expect(await post('operator', '/rollbacks:preview', { subject, checkpoint: id })).toMatchObject({
      status: 409,
      body: { code: 'checkpoint-invalid' },
    });
  });
});
