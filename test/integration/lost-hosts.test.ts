import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@temporalio/client';
import { NativeConnection, type Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { undoFailOver } from '../../src/activities/hosts/fail-over.ts';
import type { Notice } from '../../src/activities/notify.ts';
import { checkHost } from '../../src/cli/commands/doctor-checks.ts';
import { createEngine } from '../../src/client/create-engine.ts';
import { createRecoveryClient, type RecoveryClient } from '../../src/client/recovery-client.ts';
import { HOST_LOST } from '../../src/domain/host.ts';
import { newId } from '../../src/domain/ids.ts';
import { hostRecordId, hostTaskQueue } from '../../src/domain/wire-names.ts';
import { runProbe } from '../../src/activities/probes/run-probe.ts';
import { createWorkers } from '../../src/worker.ts';
import { waitsFor } from '../support/broken-target.ts';
import { forkWorker } from '../support/fork-worker.ts';
import { failure } from '../support/rejection.ts';
import { createTmuxServer, skipWithoutTmux, type TmuxServer } from '../support/tmux-server.ts';
import { S3_CREDENTIALS, startS3Server, type S3Server } from '../support/s3-server.ts';
import { workflowBundle } from '../support/server.ts';
import { until } from '../support/until.ts';

const SERVER_BUILD_MS = 20 * 60_000;
const BY = { by: 'ada', reason: 'a test' };
const BUCKET = 'hosts';
/** The built-in one, which waits for minutes. */
const HASTY = readFileSync('playbooks/hosts.yaml', 'utf8').replace('timeout: 5m', 'timeout: 1s');

describe.skipIf(skipWithoutTmux)('a host that disappears', () => {
  const id = randomUUID().slice(0, 8);
  const [lost, heir] = [`lost-${id}`, `heir-${id}`];
  const subject = `workspace/shop-${id}`;
  const unplaced = `workspace/other-${id}`;
  const withoutSession = `workspace/plain-${id}`;
  const name = `monitor-${id}`;
  const notices: Notice[] = [];
  const aws = { AWS_ACCESS_KEY_ID: S3_CREDENTIALS.accessKeyId, AWS_SECRET_ACCESS_KEY: S3_CREDENTIALS.secretAccessKey };
  let before: NodeJS.ProcessEnv;
  let folder: string;
  let server: S3Server;
  /** On both hosts; its server dies with the lost one. */
  let terminal: TmuxServer;
  let worker: ChildProcess;
  let workers: Worker[];
  let running: Promise<unknown>;
  let connection: NativeConnection;
  let client: Client;
  let recoveries: RecoveryClient;
  const at = (...names: string[]): string => join(folder, ...names);

  beforeAll(async () => {
    before = { ...process.env };
    Object.assign(process.env, aws);
    folder = await mkdtemp(join(tmpdir(), 'rerail-lost-hosts-'));
    server = await startS3Server();
    await server.createBucket(BUCKET);
    for (const one of ['playbooks', 'home/.aws', 'shop', 'other']) mkdirSync(at(one), { recursive: true });
    terminal = await createTmuxServer();
    await terminal.start('shop', { cwd: at('shop'), command: ['sleep', '1000'] });
    const provider = {
      ...{ apiVersion: 'rerail/v1', kind: 'Provider', metadata: { name: 'terminal' } },
      spec: { tmux: { socket: terminal.socket, sessions: ['shop'] } },
    };
    writeFileSync(at('providers.yaml'), JSON.stringify(provider));
    writeFileSync(at('shop/orders.txt'), 'seven');
    writeFileSync(at('other/x.txt'), 'x');
    const keys = Object.entries(aws).map(([key, value]) => `${key.toLowerCase()} = ${value}`);
    writeFileSync(at('home/.aws/credentials'), ['[default]', ...keys].join('\n'));
    const subjects = [
      { subject, root: at('taken-over'), providers: ['terminal'] },
      { subject: withoutSession, root: at('plain'), providers: ['terminal'] },
    ];
    const failover = { to: heir, subjects };
    const component = {
      ...{ apiVersion: 'rerail/v1', kind: 'Component', metadata: { name: lost } },
      spec: { target: `host/${lost}`, host: { failover } },
    };
    writeFileSync(at('playbooks/hosts.yaml'), `${HASTY}---\n${JSON.stringify(component)}\n`);
    const replica = { replicaBucket: BUCKET, replicaEndpoint: server.endpoint };
    connection = await NativeConnection.connect({ address: inject('serverAddress') });
    workers = await createWorkers({
      settings: {
        dataDir: at('heir'),
        host: heir,
        taskQueue: heir,
        playbooksDir: [at('playbooks')],
        ...{ providersFile: at('providers.yaml') },
        ...replica,
      },
      connection,
      namespace: 'default',
      notifier: { notify: (notice) => Promise.resolve(void notices.push(notice)) },
      workflows: { workflowBundle: workflowBundle() },
    });
    running = Promise.all(workers.map((one) => one.run()));
    client = new Client({ connection });
    recoveries = createRecoveryClient({ client, taskQueue: heir });
    worker = await forkWorker(at('home'), {
      ...{ RERAIL_ADDRESS: inject('serverAddress'), RERAIL_HOST: lost, RERAIL_TASK_QUEUE: heir },
      ...{ RERAIL_DATA_DIR: at('lost'), RERAIL_PLAYBOOKS_DIR: at('playbooks') },
      ...{ RERAIL_PROVIDERS_FILE: at('providers.yaml') },
      ...{ RERAIL_REPLICA_BUCKET: BUCKET, RERAIL_REPLICA_ENDPOINT: server.endpoint },
    });
  }, SERVER_BUILD_MS);
  afterAll(async () => {
    worker.kill('SIGKILL');
    for (const host of [lost, heir])
      await client.workflow
        .getHandle(hostRecordId(host))
        .terminate()
        .catch(() => undefined);
    for (const one of workers) one.shutdown();
    await running;
    await connection.close();
    await server.close();
    await terminal.stop();
    for (const key of Object.keys(aws)) if (before[key] === undefined) delete process.env[key];
    rmSync(folder, { recursive: true, force: true });
  });

  const capture = async (of: string, tree: string, providers: string[] = []) => {
    const info = { id: newId('cp'), name: 'good', type: 'manual' as const, host: lost };
    return recoveries.checkpoints.create(of, { ...info, root: at(tree), providers });
  };
  const sessions = () => terminal.tmux('list-sessions', '-F', '#{session_name}').catch(() => '');

  it('registers what it can do, begins nothing while it is drained, and lets what runs end', async () => {
    const { hosts, checkpoints } = recoveries;
    const found = await until(async () => (await hosts.find(lost)).worker ?? false, 'the record');
    expect(found).toMatchObject({ node: process.versions.node, replica: true, providers: ['terminal'] });
    expect(found.git).toMatch(/^\d/);
    const drained = await hosts.drain(lost, BY);
    expect(drained.drained).toMatchObject(BY);
    expect(await hosts.drain(lost, { by: 'eve', reason: 'later' })).toMatchObject({ drained: BY });
    expect(await failure(capture(subject, 'shop'))).toMatchObject({ code: 'host-drained' });
    const report = { target: `service/${id}`, message: 'it broke', host: lost };
    const refused = await failure(recoveries.start(report));
    expect(refused).toMatchObject({ code: 'host-drained' });
    expect(refused.message).toContain('ada');
    expect(await checkpoints.list(subject)).toEqual([]);
    expect(await checkHost(hosts, lost)).toMatchObject({ level: 'warning' });
    expect((await hosts.undrain(lost, BY)).drained).toBeNull();
    expect(await checkHost(hosts, lost)).toMatchObject({ level: 'ok' });
    expect(await failure(hosts.drain(`nobody-${id}`, BY))).toMatchObject({ code: 'host-not-found' });
  });

  it('is found after kill -9, and what it had goes on elsewhere once a person has said so', async () => {
    const { hosts, monitors } = recoveries;
    const { info, replica } = await capture(subject, 'shop', ['terminal']);
    expect(replica).toBeDefined();
    await capture(unplaced, 'other');
    await capture(withoutSession, 'other');
    const check = { name: 'there', probe: { file: { path: at('shop/orders.txt') } }, periodSeconds: 0.2 };
    const spec = { host: lost, hostTimeout: '1s', target: `service/${id}`, checks: [check] };
    await monitors.start(
      { apiVersion: 'rerail/v1', kind: 'Monitor', metadata: { name }, spec },
      { ...BY, defaultHost: lost },
    );
    await until(async () => (await monitors.health(name)).state === 'healthy', 'a look');
    const died = once(worker, 'exit');
    worker.kill('SIGKILL');
    await died;
    await terminal.kill();
    // The watch is missed after its heartbeat, and its next try after hostTimeout.
    const open = await until(async () => (await monitors.health(name)).host.openRecovery ?? false, 'the report');
    const handle = recoveries.getHandle(open.recoveryId, open.recoveryRunId);
    await waitsFor(handle, 'approval:fail-over');
    const plan = await handle.plan();
    expect(plan?.playbook.name).toBe('host-lost');
    expect(readdirSync(folder)).not.toContain('taken-over');
    await handle.approve({ planHash: plan?.hash ?? '', by: 'ada', actionId: 'fail-over' });
    const report = await handle.result();
    expect(report.actions.map(({ id: action, status: ended }) => [action, ended])).toEqual([
      ['wait', 'timed_out'],
      ['fail-over', 'succeeded'],
      ['escalate', 'not_needed'],
    ]);
    expect(report.status).toBe('recovered');
    expect(report.failure).toMatchObject({ code: HOST_LOST, labels: { host: lost, subjects: '3' } });
    expect(report.failure.causes).toContainEqual({
      name: subject,
      message: expect.stringMatching(new RegExp(`${info.id}.*copied to the replica`)),
    });
    expect(readFileSync(at('taken-over/orders.txt'), 'utf8')).toBe('seven');
    expect(await sessions()).toBe('shop');
    const said = notices.map((notice) => notice.subject).join();
    expect(said).toContain(`${unplaced}: the definition gives it no directory`);
    expect(said).toMatch(new RegExp(`${withoutSession}: its newest copy, cp_\\w+, holds nothing of terminal`));
    expect(existsSync(at('plain'))).toBe(false);
    const { failedOver } = await hosts.find(lost);
    expect(failedOver).toMatchObject({ to: heir, state: 'done' });
    expect(failedOver?.recovery).toContain(open.recoveryId);
  }, 90_000);

  it('is told so when it comes back, and nothing begins on it', async () => {
    const { hosts, monitors } = recoveries;
    const said = await hosts.register(lost, {
      ...{ version: '1', node: '1', git: null, tmux: null, providers: [], replica: true },
      startedAt: new Date().toISOString(),
    });
    expect(said.failedOver).toMatchObject({ to: heir });
    const warned = await checkHost(hosts, lost);
    expect(warned).toMatchObject({ level: 'warning' });
    expect(warned.found).toContain(`failed over to ${heir}`);
    const ofMonitor = { source: { kind: 'monitor' as const, name }, message: 'it is ill' };
    const again = { ...ofMonitor, target: `host/${lost}`, code: HOST_LOST, labels: { host: lost } };
    expect(await failure(recoveries.start({ ...again, type: 'network' }))).toMatchObject({ code: 'host-failed-over' });
    const ill = { ...ofMonitor, target: `service/${id}`, host: lost };
    expect(await failure(recoveries.start(ill))).toMatchObject({ code: 'host-failed-over' });
    await monitors.stop(name, BY);
  });

  it('can be taken back, once, with what was there before', async () => {
    const { hosts } = recoveries;
    const { fleet } = createEngine(client, heir);
    const { failedOver } = await hosts.find(lost);
    const keys = { execution: failedOver?.recovery ?? '', idOf: () => newId('cp') };
    expect(await undoFailOver(lost, fleet, { ...keys, execution: 'recovery/another/1' })).toEqual({ undone: [] });
    expect(await undoFailOver(lost, fleet, keys)).toEqual({ undone: [subject] });
    expect(existsSync(at('taken-over/orders.txt'))).toBe(false);
    expect(await sessions()).toBe('');
    expect(await undoFailOver(lost, fleet, keys)).toEqual({ undone: [] });
    await hosts.requireAccepting(lost);
  });

  it('is missed by the probe of its queue while Temporal still remembers its worker', async () => {
    const probe = {
      name: 'polled',
      temporalTaskQueue: { taskQueue: hostTaskQueue(heir), type: 'activity', minPollers: 1 },
    } as const;
    expect(await runProbe(probe, { temporal: () => client })).toMatchObject({ passed: true });
    const stale = Object.create(client) as Client;
    const old = { seconds: Math.floor(Date.now() / 1000) - 90, nanos: 0 };
    Object.defineProperty(stale, 'workflowService', {
      value: { describeTaskQueue: () => Promise.resolve({ pollers: [{ identity: 'gone', lastAccessTime: old }] }) },
    });
    const reading = await runProbe(probe, { temporal: () => stale });
    expect(reading).toMatchObject({ passed: false, failureType: 'disconnected', value: 0 });
  });
});
