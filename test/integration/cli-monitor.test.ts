import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { Client, Connection } from '@temporalio/client';
import { createRecoveryClient, type RecoveryClient } from '../../src/client/recovery-client.ts';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { stopChild, useCli } from '../support/cli.ts';
import { until } from '../support/until.ts';

const cli = useCli();
const words = (line: string): string[] => line.split(' ');
let client: Client;
let recoveries: RecoveryClient;
let worker: ChildProcess;
let environment: NodeJS.ProcessEnv;
let up: string;
let name: string;
let file: string;

const definition = (failureThreshold: number): string => `
apiVersion: rerail/v1
kind: Monitor
metadata: {name: ${name}}
spec:
  target: service/${name}
  hold: 1ms
  checks:
    - {name: up, probe: {file: {path: ${up}}}, periodSeconds: 0.5, failureThreshold: ${failureThreshold}, failure: {code: MON-DOWN}}
`;
const playbook = (): string => `
apiVersion: rerail/v1
kind: Playbook
metadata: {name: monitored}
spec:
  match: [{code: MON-DOWN}]
  confidence: 0.1
  actions:
    - {id: mend, type: run, run: {command: [touch, ${up}]}}
    - {id: call, type: escalate}
`;

beforeAll(async () => {
  name = `m-${cli.unique}`;
  up = path.join(cli.root, 'up');
  await writeFile(up, '');
  mkdirSync(path.join(cli.root, 'monitors'));
  mkdirSync(path.join(cli.root, 'monitored'));
  file = await cli.file('monitors/m.yaml', definition(1000));
  await cli.file('monitored/p.yaml', playbook());
  environment = {
    RERAIL_MONITORS_DIR: path.join(cli.root, 'monitors'),
    RERAIL_PLAYBOOKS_DIR: path.join(cli.root, 'monitored'),
  };
  client = new Client({ connection: await Connection.connect({ address: inject('serverAddress') }) });
  recoveries = createRecoveryClient({ client, taskQueue: `cli-${cli.unique}` });
  worker = await cli.startWorker(environment);
});
afterAll(async () => {
  await recoveries.monitors.stop(name, { by: 'test', reason: 'over' }).catch(() => undefined);
  await stopChild(worker, 'SIGKILL');
  await client.connection.close();
});

const health = () => recoveries.monitors.health(name);

describe('a monitor of a worker', () => {
  it('is started from its directory, goes on with its counts after kill -9, and heals by a real command', async () => {
    await until(async () => (await health().catch(() => undefined))?.state === 'healthy', 'healthy', 20_000);
    await rm(up);
    const hand = { by: 'ada', reason: 'a test' };
    await until(async () => {
      const now = await recoveries.monitors.checkNow(name, hand);
      return now.targets[0]!.checks[0]!.failuresInRow >= 3;
    }, 'failures');
    const before = (await health()).targets[0]!.checks[0]!.failuresInRow;
    await stopChild(worker, 'SIGKILL');
    worker = await cli.startWorker(environment);
    const after = await until(
      async () => {
        const now = await recoveries.monitors.checkNow(name, hand).catch(() => undefined);
        return now?.targets[0]!.checks[0];
      },
      'a look after the kill',
      60_000,
    );
    expect(after.failuresInRow).toBeGreaterThan(before);
    expect(existsSync(up)).toBe(false);

    await writeFile(file, definition(3));
    const started = await cli.rerail(words(`-o json monitor start ${file} --by ada --reason stricter`));
    expect(started.code).toBe(EXIT.done);
    await until(async () => (await health()).targets[0]!.lastRecovery !== null, 'the end of a recovery', 30_000);
    expect(existsSync(up)).toBe(true);
    const report = await recoveries.getHandle(`service/${name}`).result();
    expect(report).toMatchObject({ status: 'recovered', failure: { source: { kind: 'monitor', name } } });
  });

  it('is shown, listed, checked and stopped by commands', async () => {
    const env = environment;
    const rerail = (line: string) => cli.rerail(words(line), { env });
    const [shown, listed, checked, unknown, unsigned, open] = await Promise.all([
      rerail(`monitor show ${name}`),
      rerail('monitor list'),
      rerail(`-o json monitor check ${name}`),
      rerail('monitor show no-such-monitor'),
      rerail(`monitor stop ${name}`),
      rerail(`monitor maintenance ${name} on --reason x`),
    ]);
    expect(shown.stdout).toContain(`service/${name}`);
    expect(shown.stdout).toContain('configured by ada: stricter');
    expect(listed.stdout).toContain(name);
    expect(JSON.parse(checked.stdout)).toMatchObject([{ name: 'up', kind: 'file', passed: true }]);
    expect([unknown.code, unsigned.code, open.code]).toEqual([EXIT.notFound, EXIT.usage, EXIT.usage]);
    const calm = await rerail(`-o json monitor maintenance ${name} on --for 10m --by ada --reason x`);
    expect(JSON.parse(calm.stdout)).toMatchObject({ targets: [{ maintenance: { by: 'ada' } }] });
    await rm(up);
    expect((await rerail(`monitor check ${name}`)).code).toBe(EXIT.invalid);
    expect((await rerail(`monitor stop ${name} --by ada --reason over`)).code).toBe(EXIT.done);
  });
});
