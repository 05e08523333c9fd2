import { execFile, fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { createRecoveryClient } from '../../src/client/recovery-client.ts';
import { FailureSchema } from '../../src/domain/failure.schema.ts';
import type { FailureInput } from '../../src/domain/failure.ts';
import { EXECUTION_VERSION, WORKFLOW_TYPES } from '../../src/domain/wire-names.ts';
import { failureOf, waitsFor } from '../support/broken-target.ts';
import { commandFailed, until } from '../support/harness.ts';
import { newHarnessForEach } from '../support/new-harness.ts';
import { ESCALATE, FIX, head, PLAIN_RETRY } from '../support/playbook-text.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PLAYBOOKS = [head('retry') + PLAIN_RETRY + ESCALATE, head('manual') + FIX + PLAIN_RETRY].join('---\n');

describe('a client', () => {
  const harness = newHarnessForEach(PLAYBOOKS);
  const failure = (extra: Partial<FailureInput> = {}) => failureOf(harness, extra);
  const start = (options: { playbook?: string; key?: string } = {}, extra: Partial<FailureInput> = {}) =>
    harness.recoveries.start(failure(extra), { playbook: 'manual', ...options });
  const done = { actionId: 'fix', by: 'ada' };
  const complete = async (handle: Awaited<ReturnType<typeof start>>['handle']) => {
    await waitsFor(handle, 'manual:fix');
    return handle.completeManualStep(done);
  };

  it('starts once for one key, also at the same time', async () => {
    const [first, second] = await Promise.all([start({ key: 'k' }), start({ key: 'k' })]);
    const third = await start({ key: 'k' });
    expect([first, second, third].map(({ runId, joined }) => [runId, joined])).toEqual(
      Array(3).fill([first.runId, false]),
    );
    expect((await first.handle.status()).joined).toBe(0);
    await complete(first.handle);
    expect((await first.handle.result()).joined).toEqual([]);
  });

  it('masks what looks like a secret before it gets into a history', async () => {
    const url = 'postgres://app:hunter22@db/orders';
    const secrets = { message: `cannot reach ${url}`, causes: [{ message: url }], stdout: url, stderr: url };
    const { handle } = await start({}, secrets);
    const { events } = await harness.client.workflow.getHandle(handle.workflowId).fetchHistory();
    const { payloads } = events?.[0]?.workflowExecutionStartedEventAttributes?.input ?? {};
    const input = Buffer.from(payloads?.[0]?.data ?? []).toString();
    expect(input).toContain('cannot reach postgres://app:[redacted]@db/orders');
    expect(input).not.toContain('hunter22');
    await complete(handle);
  });

  it('finds what the same key has started after it has closed, and starts anew for another', async () => {
    const first = await start({ playbook: 'retry', key: 'k' });
    await first.handle.result();
    const again = await start({ playbook: 'retry', key: 'k' });
    expect(again).toMatchObject({ runId: first.runId, joined: false });
    expect((await again.handle.result()).runId).toBe(first.runId);
    const other = await start({ playbook: 'retry', key: 'other' });
    expect(other.runId).not.toBe(first.runId);
    await other.handle.result();
    expect(harness.calls.filter((call) => call === 'makePlan')).toHaveLength(2);
  });

  it('joins the open recovery of a target with another key, once for each key', async () => {
    const first = await start({ key: 'one' });
    const joins = [
      await start({ key: 'two' }, { message: 'and again' }),
      await start({ key: 'two' }, { message: 'and again' }),
    ];
    expect(joins.map(({ runId, joined }) => [runId, joined])).toEqual(Array(2).fill([first.runId, true]));
    await complete(first.handle);
    expect((await first.handle.result()).joined.map(({ message }) => message)).toEqual(['and again']);
  });

  it.each([WORKFLOW_TYPES.recovery, WORKFLOW_TYPES.protectedRun])(
    'of a later version has its %s wait for a later worker',
    async (type) => {
      const { client, taskQueue, target } = harness;
      const input = { failure: FailureSchema.parse(failure()), version: EXECUTION_VERSION + 1 };
      const handle = await client.workflow.start(type, { workflowId: `later/${target}`, taskQueue, args: [input] });
      const failed = await until(async () => {
        const { events } = await handle.fetchHistory();
        return events?.find((event) => event.workflowTaskFailedEventAttributes)?.workflowTaskFailedEventAttributes;
      }, 'the failed task');
      expect(failed?.failure?.message).toContain('upgrade the workers first');
      expect((await handle.describe()).status.name).toBe('RUNNING');
      await handle.terminate('tested');
    },
  );

  it('leads from Temporal’s own pages to the dashboard', async () => {
    const { client, taskQueue, target } = harness;
    const publicUrl = 'https://rerail.example/';
    const { handle } = await createRecoveryClient({ client, taskQueue, publicUrl }).start(failure(), {
      playbook: 'manual',
    });
    const described = await client.workflow.getHandle(handle.workflowId).describe();
    const page = `https://rerail.example/recoveries/${encodeURIComponent(`recovery/${target}`)}`;
    expect(await described.staticDetails()).toBe(`[Open it on the dashboard](${page})`);
    await handle.cancel();
    await handle.result();
  });

  it('lists recoveries by target and status, the newest first, and shows killed ones as killed', async () => {
    const { recoveries, target, client } = harness;
    const first = await start();
    await until(async () => (await first.handle.status()).waitingFor, 'the manual step');
    const list = (options: Parameters<typeof recoveries.listRecoveries>[0] = {}) =>
      recoveries.listRecoveries({ target, ...options });
    const waiting = await until(
      async () => (await list({ status: ['awaiting_operator'] }))[0],
      'the waiting one in the list',
    );
    expect(waiting).toMatchObject({
      runId: first.runId,
      target,
      playbook: 'manual',
      category: 'UNKNOWN',
      waitingFor: 'manual:fix',
      closedAt: null,
    });
    expect(Date.parse(waiting.waitingSince ?? '')).not.toBeNaN();
    await client.workflow.getHandle(first.handle.workflowId).terminate('killed by a test');
    const killed = await until(
      async () => (await list()).find(({ status }) => status === 'killed'),
      'the killed one in the list',
    );
    expect(killed.runId).toBe(first.runId);
    expect(killed.closedAt).not.toBeNull();
    expect(await list({ status: ['awaiting_operator'] })).toEqual([]);
    const second = await start({ playbook: 'retry' });
    await second.handle.result();
    await until(async () => (await list({ status: ['recovered'] })).length === 1, 'the recovered one in the list');
    expect((await list()).map(({ runId, status }) => [runId, status])).toEqual([
      [second.runId, 'recovered'],
      [first.runId, 'killed'],
    ]);
    expect(await list({ limit: 1 })).toHaveLength(1);
    expect(await recoveries.listRecoveries({ target: "nobody's\\" })).toEqual([]);
  });

  it('tells of a killed recovery where its report is asked for', async () => {
    const { handle } = await start();
    await until(async () => (await handle.status()).waitingFor, 'the manual step');
    await expect(handle.report()).rejects.toMatchObject({
      code: 'action-not-applicable',
      remedy: expect.stringContaining('watch') as string,
    });
    await harness.client.workflow.getHandle(handle.workflowId).terminate('killed by a test');
    await expect(handle.report()).rejects.toMatchObject({
      name: 'RerailError',
      message: expect.stringContaining(handle.workflowId) as string,
    });
  });

  it.each([
    [{ target: 'no slash' }, 'target: '],
    [{ message: '' }, 'message: '],
    [{ type: 'nonsense' as 'unknown' }, 'type: '],
    [{ operation: { kind: 'command', argv: [] } }, 'operation.argv: '],
    [{ unknownField: 1 } as Partial<FailureInput>, 'unknownField'],
    [{ retryAfter: '1h30m' }, 'write "90m"'],
  ] satisfies [Partial<FailureInput>, string][])(
    'refuses a failure with %j, names the field and starts nothing',
    async (bad, named) => {
      await expect(start({}, bad)).rejects.toMatchObject({
        code: 'invalid-input',
        message: expect.stringContaining(named) as string,
        remedy: expect.any(String) as string,
      });
      expect(harness.calls).toEqual([]);
    },
  );

  it('says that there is no such recovery, whatever it is asked of it', async () => {
    const nobody = harness.recoveries.getHandle('test/nobody');
    const missing = {
      code: 'recovery-not-found',
      message: expect.stringContaining('recovery/test/nobody') as string,
      remedy: expect.stringContaining('recovery list') as string,
    };
    for (const ask of [
      nobody.status,
      nobody.plan,
      nobody.report,
      nobody.result,
      nobody.cancel,
      nobody.allowedDecisions,
    ])
      await expect(ask()).rejects.toMatchObject(missing);
    await expect(nobody.approve({ planHash: '12345678', by: 'ada' })).rejects.toMatchObject(missing);
    await expect(nobody.signalApproval({ planHash: '12345678', by: 'ada' })).rejects.toMatchObject(missing);
    await expect(harness.recoveries.runs.getHandle('run/nobody/1').status()).rejects.toMatchObject({
      code: 'recovery-not-found',
    });
  });

  it('keeps answering about a closed recovery', async () => {
    harness.fakes['runCommand'] = () => {
      throw commandFailed();
    };
    const { handle } = await start({ playbook: 'retry' });
    await handle.result();
    expect(await handle.status()).toMatchObject({ status: 'escalated' });
    expect((await handle.timeline()).at(-1)?.message).toBe('escalated');
    await expect(handle.approve({ planHash: '12345678', by: 'ada' })).rejects.toMatchObject({ name: 'RerailError' });
  });
});

describe('a client without a server', () => {
  it('says that the server is unreachable, and what to do', async () => {
    const listener = createServer().listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const { port } = listener.address() as { port: number };
    await new Promise((resolve) => listener.close(resolve));
    const connection = Connection.lazy({ address: `127.0.0.1:${port}`, interceptors: [] });
    try {
      const recoveries = createRecoveryClient({ client: new Client({ connection }) });
      const unreachable = { code: 'server-unreachable', remedy: expect.stringContaining('rerail doctor') as string };
      await Promise.all([
        expect(recoveries.start({ target: 'test/nobody', message: 'it broke' })).rejects.toMatchObject(unreachable),
        expect(recoveries.start({ target: 'test/nobody', message: 'it broke' }, { key: 'k' })).rejects.toMatchObject(
          unreachable,
        ),
        expect(recoveries.listRecoveries()).rejects.toMatchObject(unreachable),
        expect(recoveries.getHandle('test/nobody').status()).rejects.toMatchObject(unreachable),
        expect(recoveries.checkpoints.list('test/nobody')).rejects.toMatchObject(unreachable),
      ]);
    } finally {
      await connection.close();
    }
  });
});

describe('the package', () => {
  it('gives its public names under each of its entries', async () => {
    const script = `const names = {};
      for (const entry of ['rerail', 'rerail/workflows', 'rerail/worker', 'rerail/providers', 'rerail/testing']) names[entry] = Object.keys(await import(entry)).sort();
      const { default: { name } } = await import('rerail/package.json', { with: { type: 'json' } });
      const refused = await import('rerail/dist/index.js').then(() => 'nothing', ({ code }) => code);
      console.log(JSON.stringify({ names, name, refused }));`;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--no-warnings', '--input-type=module', '--eval', script],
      { cwd: ROOT },
    );
    const { names, name, refused } = JSON.parse(stdout) as {
      names: Record<string, string[]>;
      name: string;
      refused: string;
    };
    expect(name).toBe('rerail');
    expect(refused).toBe('ERR_PACKAGE_PATH_NOT_EXPORTED');
    expect(names).toEqual({
      rerail: expect.arrayContaining([
        'createRecoveryClient',
        'loadPipeline',
        'loadPlaybooks',
        'parseFailure',
        'RerailError',
        'isRerailError',
        'FailureSchema',
        'PlanSchema',
        'PlaybookSchema',
        'PipelineSchema',
      ]) as string[],
      'rerail/workflows': [
        'bulkRecovery',
        'checkpointLedger',
        'circuitBreaker',
        'drill',
        'drillSuite',
        'healthMonitor',
        'hostRecord',
        'notification',
        'notifier',
        'protectedRun',
        'recoverActivities',
        'recovery',
        'saga',
        'serviceState',
        'storeCare',
        'transaction',
        'withRecovery',
      ],
      'rerail/worker': [
        'createBreakerCache',
        'createCodecHandler',
        'createDataConverter',
        'createEncryptionCodec',
        'createHostActivities',
        'createMetrics',
        'createRerailPlugin',
        'createSharedActivities',
        'createWorkers',
        'hostDepsOf',
        'loadKeyring',
      ],
      'rerail/providers': [
        'createJsonProvider',
        'createPostgresProvider',
        'createProviderRegistry',
        'createRedisProvider',
        'createTmuxProvider',
      ],
      'rerail/testing': ['createMemoryStore'],
    });
  });
});

describe("a user's own worker", () => {
  let folder: string;
  let worker: ChildProcess | undefined;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'rerail-user-'));
  });
  afterEach(async () => {
    if (worker && worker.exitCode === null && worker.signalCode === null) {
      const ended = once(worker, 'exit');
      worker.kill('SIGTERM');
      await ended;
    }
    await rm(folder, { recursive: true, force: true });
  });

  const WORKFLOWS = `export * from 'rerail/workflows';
export async function theirs() { return 'done'; }
`;
  const WORKER = `import { fileURLToPath } from 'node:url';
import { NativeConnection, Worker } from '@temporalio/worker';
import { createRerailPlugin } from 'rerail/worker';
const [address, taskQueue, dataDir] = process.argv.slice(2);
const connection = await NativeConnection.connect({ address });
const settings = { dataDir, host: 'theirs', taskQueue, playbooksDir: [] };
let tries = 0;
const worker = await Worker.create({
  connection,
  taskQueue,
  workflowsPath: fileURLToPath(new URL('./workflows.mjs', import.meta.url)),
  activities: {
    async chargeCard({ order }) {
      if (++tries === 1) throw new Error('connect ECONNREFUSED 127.0.0.1:5432');
      return { charged: order };
    },
  },
  plugins: [createRerailPlugin({ settings, connection, notifier: { notify: async () => undefined } })],
});
process.send('ready');
await worker.run();
await connection.close();
process.disconnect();
`;

  it('runs recoveries with the plugin and our workflows beside its own', async () => {
    await mkdir(path.join(folder, 'node_modules'));
    await symlink(ROOT, path.join(folder, 'node_modules', 'rerail'));
    await symlink(path.join(ROOT, 'node_modules', '@temporalio'), path.join(folder, 'node_modules', '@temporalio'));
    await writeFile(path.join(folder, 'workflows.mjs'), WORKFLOWS);
    await writeFile(path.join(folder, 'worker.mjs'), WORKER);
    const address = inject('serverAddress');
    const name = path.basename(folder);
    let words = '';
    worker = fork(path.join(folder, 'worker.mjs'), [address, name, folder], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    worker.stderr?.on('data', (chunk: Buffer) => (words += chunk.toString()));
    const [said] = (await Promise.race([once(worker, 'message'), once(worker, 'exit')])) as unknown[];
    if (said !== 'ready') throw new Error(`the worker did not start: ${words}`);
    const connection = await Connection.connect({ address });
    try {
      const client = new Client({ connection });
      const { handle } = await createRecoveryClient({ client, taskQueue: name }).start(
        {
          target: `payments/${name}`,
          message: 'connect ECONNREFUSED 127.0.0.1:5432',
          category: 'TRANSIENT',
          operation: { kind: 'activity', name: 'chargeCard', input: { order: 'o-1' } },
        },
        { playbook: 'category-transient' },
      );
      const report = await handle.result();
      expect(report).toMatchObject({
        status: 'recovered',
        resolvedBy: 'retry',
        plan: { playbook: { name: 'category-transient', source: 'builtin' } },
      });
      expect(report.actions[0]).toMatchObject({
        output: { output: { charged: 'o-1' } },
        attempts: [{ ok: false }, { ok: true }],
      });
      expect(await client.workflow.execute('theirs', { taskQueue: name, workflowId: `theirs/${name}` })).toBe('done');
    } finally {
      await connection.close();
    }
  });
});
