import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { Client } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, type Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { listProcessNames, openProcessFolder } from '../../src/activities/processes/process-folder.ts';
import type { Notice } from '../../src/activities/notify.ts';
import { newId } from '../../src/domain/ids.ts';
import { failure } from '../support/rejection.ts';
import { createRecoveryClient, type RecoveryClient } from '../../src/client/recovery-client.ts';
import { endTree } from '../../src/process/process-tree.ts';
import { createWorkers } from '../../src/worker.ts';
import { workflowBundle } from '../support/server.ts';
import { until } from '../support/until.ts';

Runtime.install({ logger: new DefaultLogger('ERROR') });

describe('processes that end, with the built-in playbook', () => {
  let folder: string;
  let workers: Worker[];
  let running: Promise<unknown>;
  let connection: NativeConnection;
  let recoveries: RecoveryClient;
  const notices: Notice[] = [];
  const id = randomUUID().slice(0, 8);
  const host = `processes-${id}`;
  const target = (name: string): string => `process/${name}-${id}`;
  const at = (name: string): string => join(folder, name);
  const machineTarget = `machine/here-${id}`;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rerail-processes-'));
    mkdirSync(at('playbooks'));
    const component = (name: string, argv: string[], more: object): string =>
      JSON.stringify({
        apiVersion: 'rerail/v1',
        kind: 'Component',
        metadata: { name },
        spec: { target: target(name), process: { argv, cwd: folder, ...more } },
      });
    const pidFile = `require('fs').writeFileSync('pid', String(process.pid)); setInterval(() => {}, 1000)`;
    const eats = `const fs = require('fs'); const kept = [];
      if (!fs.existsSync('eaten')) kept.push(Buffer.alloc(200e6, 1));
      fs.writeFileSync('eaten', ''); fs.writeFileSync('ready-${id}', ''); setInterval(() => kept.length, 1000);`;
    const probe = { process: { argvContains: `ready-${id}` }, maxBytes: 150_000_000 };
    const definitions = [
      component('eats', [process.execPath, '-e', eats], {
        ready: { probes: [{ name: 'ready', file: { path: at(`ready-${id}`) } }], within: '5m' },
      }),
      JSON.stringify({
        ...{ apiVersion: 'rerail/v1', kind: 'Component', metadata: { name: 'here' } },
        spec: { target: machineTarget, machine: { memory: { probe, restart: ['eats'] } } },
      }),
      component('lives', [process.execPath, '-e', pidFile], { restart: { minUptime: '1ms' } }),
      component('breaks', ['sh', '-c', 'echo the disk is gone >&2; exit 7'], {
        ready: { probes: [{ name: 'never', file: { path: at('never') } }], within: '5m' },
        restart: { startLimitBurst: 1, startLimitInterval: '1d' },
      }),
    ];
    writeFileSync(at('playbooks/components.yaml'), definitions.join('\n---\n'));
    connection = await NativeConnection.connect({ address: inject('serverAddress') });
    workers = await createWorkers({
      settings: { dataDir: at('data'), host, taskQueue: host, playbooksDir: [at('playbooks')] },
      connection,
      namespace: 'default',
      notifier: { notify: (notice) => Promise.resolve(void notices.push(notice)) },
      workflows: { workflowBundle: workflowBundle() },
    });
    running = Promise.all(workers.map((worker) => worker.run()));
    recoveries = createRecoveryClient({ client: new Client({ connection }), taskQueue: host });
  });
  afterAll(async () => {
    for (const worker of workers) worker.shutdown();
    await running;
    await connection.close();
    const processes = at('data/processes');
    for (const name of await listProcessNames(processes))
      for (const { spec } of await (await openProcessFolder(processes, name)).runs())
        await endTree({ token: spec.token }, { signal: 'SIGKILL', timeoutMs: 0 });
    rmSync(folder, { recursive: true, force: true });
  });

  it('starts a process that its monitor has not found, and again after kill -9', async () => {
    const name = `lives-${id}`;
    const by = { by: 'ada', reason: 'a test' };
    const check = {
      name: 'lives',
      probe: { process: { supervised: 'lives' } },
      ...{ periodSeconds: 0.2, timeoutSeconds: 10, failureThreshold: 1 },
    };
    const spec = { target: target('lives'), checks: [check], cooldown: '1ms', hold: '1ms' };
    const monitor = { apiVersion: 'rerail/v1', kind: 'Monitor', metadata: { name }, spec };
    await recoveries.monitors.start(monitor, { ...by, defaultHost: host });
    const healthyAfter = (before?: string) =>
      until(async () => {
        const found = (await recoveries.monitors.health(name)).targets[0];
        const run = found?.lastRecovery?.recoveryRunId;
        return found?.state === 'healthy' && run !== before && run;
      }, 'a recovery');
    const pid = (): number => Number(readFileSync(at('pid'), 'utf8'));
    const first = await healthyAfter();
    const before = await until(() => Promise.resolve(pid()), 'its number');
    process.kill(before, 'SIGKILL');
    const second = await healthyAfter(first);
    const report = await recoveries.getHandle(target('lives'), second).result();
    expect(report).toMatchObject({ status: 'recovered', classification: { type: 'process' } });
    expect(report.actions.find((action) => action.id === 'restart-process')).toMatchObject({ status: 'succeeded' });
    await until(() => Promise.resolve(pid() !== before), 'the new process');
    await recoveries.monitors.stop(name, by);
  });

  it('frees memory by a restart of the process that may be restarted', async () => {
    const begun = await recoveries.start({ target: target('eats'), message: 'not there yet', type: 'process', host });
    expect(await begun.handle.result()).toMatchObject({ status: 'recovered' });
    const memory = { process: { argvContains: `ready-${id}` }, maxBytes: 150_000_000 };
    const probes = [{ name: 'memory', host, memory }];
    const given = { target: machineTarget, message: 'memory is used up', type: 'resource_exhaustion' as const };
    const { handle } = await recoveries.start({ ...given, host, probes });
    const report = await handle.result();
    expect(report.status).toBe('recovered');
    const heal = report.actions.find((action) => action.id === 'heal-memory');
    expect(heal).toMatchObject({ status: 'succeeded' });
    expect(JSON.stringify(heal)).toContain('"restarted":[{"name":"eats"');
  });

  it('is on a host that is listed while it is up, and forgotten when it is gone', async () => {
    const { hosts, storeCare, checkpoints } = recoveries;
    const gone = `gone-${id}`;
    await storeCare.schedule(host);
    await storeCare.schedule(gone);
    mkdirSync(at('tree'));
    const info = { id: newId('cp'), name: 'good', type: 'manual' as const, host };
    await checkpoints.create(target('tree'), { ...info, root: at('tree') });
    // Schedules are listed from Visibility, and a poll is known when it is answered or renewed.
    const mine = await until(async () => {
      const found = (await hosts.list()).filter(({ name }) => name === host || name === gone);
      return found.length === 2 && found.every(({ name, state }) => (name === host) === (state === 'up')) && found;
    }, 'both hosts');
    expect(mine.map(({ name, care }) => [name, care])).toEqual([
      [gone, 'on'],
      [host, 'on'],
    ]);
    const { subjects } = await hosts.show(host);
    expect(subjects).toMatchObject([{ subject: target('tree'), checkpoints: 1, latest: info.id, replicated: false }]);
    expect(subjects).toMatchObject([{ latestCopied: null }]);
    expect(await failure(hosts.forget(host))).toMatchObject({ code: 'action-not-applicable' });
    expect(await hosts.forget(gone)).toMatchObject({ name: gone, state: 'away', care: 'none' });
    expect(await failure(hosts.show(gone))).toMatchObject({ code: 'host-not-found' });
    await storeCare.unschedule(host);
  });

  it('calls people after the start limit, with the last of the output', async () => {
    const probes = [{ name: 'breaks', host, process: { supervised: 'breaks' } }];
    const given = { target: target('breaks'), message: 'it breaks', type: 'process' as const, host, probes };
    const { handle } = await recoveries.start(given);
    const report = await handle.result();
    expect(report.status).toBe('escalated');
    const restart = report.actions.find((action) => action.id === 'restart-process');
    expect(restart).toMatchObject({ status: 'failed' });
    expect(JSON.stringify(restart)).toContain('process-start-limit');
    const [notice] = notices;
    const evidence = readFileSync(notice?.evidenceFile ?? '', 'utf8');
    expect(evidence).toContain('the disk is gone');
    expect(evidence).toContain('exit code 7');
  });
});
