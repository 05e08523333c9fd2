import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, readdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { injectFault } from '../../src/activities/drills/faults/registry.ts';
import { createRecoveryClient, type RecoveryClient } from '../../src/client/recovery-client.ts';
import { sandboxPlace } from '../../src/activities/drills/sandbox-place.ts';
import { DrillSpecSchema } from '../../src/domain/drill.schema.ts';
import { holdersOf } from '../chaos/suite/leftovers.ts';
import { stopChild, useCli } from '../support/cli.ts';
import { openDrillSandbox } from '../support/drill-sandbox.ts';
import { until } from '../support/until.ts';

const PARKS = `apiVersion: rerail/v1
kind: Playbook
metadata: {name: sweep-parks}
spec:
  match: [{code: SWEEP-PARKS}]
  actions:
    - {id: settle, type: wait, for: 1h}
    - {id: again, type: retry}
  verify: {within: 300ms, holdFor: 0s}
`;

const cli = useCli();
/** Programs that take long to build are those of this user. */
const env = { RERAIL_CACHE_DIR: process.env['RERAIL_CACHE_DIR'] ?? path.join(homedir(), '.cache', 'rerail') };
let connection: Connection;
let client: Client;
let recoveries: RecoveryClient;
let worker: ChildProcess | undefined;

beforeAll(async () => {
  await cli.file('playbooks/sweep.yaml', PARKS);
  connection = await Connection.connect({ address: inject('serverAddress') });
  client = new Client({ connection });
  recoveries = createRecoveryClient({ client, taskQueue: `cli-${cli.unique}` });
});
afterAll(async () => {
  await stopChild(worker);
  await connection.close();
});

const folder = (): string => path.join(cli.root, 'data', 'drills');
/** Processes, mounts and folders. */
const left = async (): Promise<string[]> => [...holdersOf(folder()), ...(await readdir(folder()).catch(() => []))];

it('is done by a worker that starts', async () => {
  const id = `drill/${cli.unique}/never-begun/${randomUUID()}`;
  const box = await openDrillSandbox(
    { dataDir: path.join(cli.root, 'data'), id },
    { files: { 'a.txt': 'a' }, processes: [{ name: 'sleeper', argv: ['sleep', '600'] }] },
  );
  await injectFault(box.place, 0, { type: 'permissionDenied', path: 'a.txt' });
  const unmarked = sandboxPlace(path.join(cli.root, 'data'), `${id}/other`).root;
  await mkdir(path.join(unmarked, 'work'), { recursive: true });
  expect((await left()).length).toBeGreaterThanOrEqual(3);
  worker = await cli.startWorker(env);
  await until(async () => (await left()).length === 0, 'the sweep');
  await stopChild(worker);
});

const WRITES = ['dd', 'if=/dev/null', 'of=state.txt'];
const FILLS = "fs.writeFileSync('disk/new', 'x'.repeat(400_000)); fs.rmSync('disk/new');";
const ASK = "const answer = await fetch('http://127.0.0.1:' + process.argv[2]); process.exit(answer.ok ? 0 : 1);";
const DRILLS: Record<string, object> = {
  network: {
    sandbox: {
      files: { 'ask.mjs': ASK },
      services: [{ kind: 'http', name: 'api' }],
      proxies: [{ name: 'front', to: 'api' }],
    },
    steadyState: [
      { name: 'answer', command: { argv: ['node', 'ask.mjs', '{{ inputs.ports.front }}'] }, timeout: '10s' },
    ],
    faults: [{ type: 'portClosed', proxy: 'front' }],
  },
  permissions: {
    sandbox: { files: { 'state.txt': '' } },
    // Its recovery tells clients that it is degraded.
    components: {
      orders: { degradedWhileRecovering: true, service: { api: { health: { url: 'http://127.0.0.1:1/' } } } },
    },
    failure: { code: 'SWEEP-PARKS', component: 'orders', operation: { kind: 'command', argv: ['false'] } },
    steadyState: [{ name: 'write', command: { argv: WRITES } }],
    faults: [{ type: 'permissionDenied', path: 'state.txt' }],
  },
  // Only root may mount.
  ...(process.getuid?.() === 0
    ? {
        disk: {
          sandbox: { disks: [{ path: 'disk', bytes: 1024 * 1024 }] },
          steadyState: [{ name: 'room', command: { argv: ['node', '-e', FILLS] } }],
          faults: [{ type: 'diskFull', disk: 'disk' }],
        },
      }
    : {}),
};

const begin = (name: string, spec: object) =>
  recoveries.drills.start({
    name: `sweep-${name}`,
    host: `cli-${cli.unique}`,
    spec: DrillSpecSchema.parse({
      playbook: 'sweep-parks',
      failure: { code: 'SWEEP-PARKS', operation: { kind: 'command', argv: ['false'] } },
      settle: '20s',
      deadline: '30m',
      ...spec,
    }),
  });

async function servicesOpen(): Promise<string[]> {
  const query = `ExecutionStatus = 'Running' AND WorkflowId STARTS_WITH 'service-state/drill-orders-'`;
  const found: string[] = [];
  for await (const { workflowId } of client.workflow.list({ query })) found.push(workflowId);
  return found;
}

describe('after a kill -9 while faults are there', () => {
  it.each([
    { way: 'terminated', end: (id: string) => client.workflow.getHandle(id).terminate('nobody cleans up') },
    { way: 'cancelled', end: (id: string) => client.workflow.getHandle(id).cancel() },
  ])('the next worker leaves nothing of drills that were $way', async ({ end }) => {
    worker = await cli.startWorker(env);
    const handles = await Promise.all(Object.entries(DRILLS).map(([name, spec]) => begin(name, spec)));
    for (const { workflowId } of handles)
      await until(
        () =>
          recoveries
            .getHandle(workflowId)
            .isOpen()
            .catch(() => false),
        `the recovery of ${workflowId}`,
      );
    await until(async () => (await servicesOpen()).length === 1, 'what clients are told');
    await stopChild(worker, 'SIGKILL');
    const there = (await left()).join('\n');
    for (const sign of ['toxiproxy', ...('disk' in DRILLS ? ['mount '] : [])]) expect(there).toContain(sign);
    expect(await readdir(folder())).toHaveLength(handles.length);
    for (const { workflowId } of handles) await end(workflowId);
    worker = await cli.startWorker(env);
    await until(async () => (await left()).length === 0, 'the end of all of it');
    for (const { workflowId } of handles)
      await until(
        async () => !(await recoveries.getHandle(workflowId).isOpen()),
        `the end of the recovery of ${workflowId}`,
      );
    await until(async () => (await servicesOpen()).length === 0, 'the end of what clients are told');
    await stopChild(worker);
  });
});
