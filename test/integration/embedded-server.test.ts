import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { afterEach, beforeEach, describe, expect, inject, test, vi } from 'vitest';
import { keepServer, type KeptServer } from '../../src/embedded/keep-server.ts';
import { isSameProcess, processStart } from '../../src/embedded/process-start.ts';
import { ensureSearchAttributes, SEARCH_ATTRIBUTES } from '../../src/embedded/search-attributes.ts';
import { databaseFile, readServerState, stateFile, writeServerState } from '../../src/embedded/server-state.ts';
import { startServer } from '../../src/embedded/start-server.ts';
import type { RunningServer, StartServerOptions } from '../../src/embedded/start-server.ts';
import { describeServer, stopServer } from '../../src/embedded/stop-server.ts';
import { nodeCommand } from '../support/node-command.ts';

let dataDir: string;
const binary = inject('serverBinary');

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'rerail-embedded-'));
});

afterEach(async () => {
  await stopServer(dataDir);
  await rm(dataDir, { recursive: true, force: true });
});

function start(options: Partial<StartServerOptions> = {}): Promise<RunningServer> {
  return startServer({ dataDir, binary, port: 0, uiPort: 'none', lifetime: 'with-parent', ...options });
}

async function withClient<T>(address: string, use: (client: Client) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address });
  try {
    return await use(new Client({ connection }));
  } finally {
    await connection.close();
  }
}

async function occupyPort(): Promise<{ port: number; server: Server }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return { port: address.port, server };
}

const startWorkflow = (client: Client, workflowId: string) =>
  client.workflow.start('nobodyRunsThis', {
    taskQueue: 'nobody',
    workflowId,
    typedSearchAttributes: [],
    searchAttributes: { RerailTarget: ['release/web'], RerailWaitingSince: [new Date()] },
  });

const statusOf = (client: Client, workflowId: string) =>
  client.workflow
    .getHandle(workflowId)
    .describe()
    .then((description) => description.status.name);

describe('embedded server', () => {
  test('starts with our search attributes and writes down what it is', async () => {
    const server = await start({ uiPort: 0 });

    expect(server.joined).toBe(false);
    expect(await readServerState(dataDir)).toMatchObject({ pid: server.pid, address: server.address, binary });
    expect(await describeServer(dataDir)).toMatchObject({ condition: 'running' });
    const page = await fetch(server.uiAddress ?? '');
    expect(page.status).toBe(200);
    await withClient(server.address, async ({ connection }) => {
      const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace: 'default' });
      expect(Object.keys(customAttributes ?? {})).toEqual(expect.arrayContaining(Object.keys(SEARCH_ATTRIBUTES)));
    });
  });

  test('is joined by a second start, even when both come at once', async () => {
    const [one, two] = await Promise.all([start(), start()]);

    expect(two.pid).toBe(one.pid);
    expect([one.joined, two.joined].toSorted()).toEqual([false, true]);
    await expect(start({ fresh: true })).rejects.toMatchObject({ code: 'target-locked' });
  });

  test('keeps its executions over a stop and a start, and loses them on a fresh one', async () => {
    const first = await start();
    await withClient(first.address, (client) => startWorkflow(client, 'kept'));
    await first.stop();
    expect(isSameProcess(first)).toBe(false);
    expect(await describeServer(dataDir)).toEqual({ condition: 'none' });

    const second = await start();
    expect(second.joined).toBe(false);
    expect(await withClient(second.address, (client) => statusOf(client, 'kept'))).toBe('RUNNING');
    await second.stop();

    const third = await start({ fresh: true });
    await expect(withClient(third.address, (client) => statusOf(client, 'kept'))).rejects.toThrow(/not found/i);
  });

  test('keeps what it had acknowledged when it is killed', async () => {
    const killed = await start();
    await withClient(killed.address, (client) => startWorkflow(client, 'survivor'));
    process.kill(killed.pid, 'SIGKILL');
    await vi.waitUntil(() => !isSameProcess(killed));
    expect(await describeServer(dataDir)).toMatchObject({ condition: 'stale' });

    const next = await start();
    expect(next.pid).not.toBe(killed.pid);
    expect(await withClient(next.address, (client) => statusOf(client, 'survivor'))).toBe('RUNNING');
  });

  test.each(['with-parent', 'detached'] as const)('lives as long as asked for: %s', async (lifetime) => {
    const script = new URL('../support/hold-server.ts', import.meta.url);
    const [command, ...args] = nodeCommand(script, dataDir, binary, lifetime);
    const parent = spawn(command, args);
    const server = await vi.waitUntil(
      async () => ((await describeServer(dataDir)).condition === 'running' ? readServerState(dataDir) : undefined),
      { timeout: 60_000, interval: 100 },
    );
    parent.kill('SIGKILL');
    await once(parent, 'exit');

    if (lifetime === 'with-parent') await vi.waitUntil(() => server && !isSameProcess(server), { timeout: 20_000 });
    else expect(await start()).toMatchObject({ joined: true, pid: server?.pid });
  });

  test('takes other ports, and says so, where the wanted ones are in use', async () => {
    const grpc = await occupyPort();
    const ui = await occupyPort();
    const notices: string[] = [];
    try {
      const server = await start({ port: grpc.port, uiPort: ui.port, onNotice: (line) => notices.push(line) });

      expect(server.address).not.toContain(String(grpc.port));
      expect(notices).toEqual([
        expect.stringContaining(`Port ${grpc.port} is taken`),
        expect.stringContaining(`Port ${ui.port} is taken`),
      ]);
    } finally {
      grpc.server.close();
      ui.server.close();
    }
  });

  test('is not mistaken for a process that has got its pid', async () => {
    const stranger = spawn('sleep', ['60']);
    try {
      const pid = stranger.pid ?? 0;
      expect(processStart(pid)).toBeDefined();
      const state = { pid, startTime: '1', address: '127.0.0.1:1', binary, version: 'old' };
      await writeServerState(dataDir, state);

      const server = await start();
      expect(server.joined).toBe(false);
      await server.stop();
      expect(stranger.exitCode).toBeNull();
    } finally {
      stranger.kill();
    }
  });

  test('starts over a state file that was torn by a crash', async () => {
    await writeFile(stateFile(dataDir), '{"pid": 1');
    expect((await start()).joined).toBe(false);
  });

  test('gives the reason and the last log lines when it cannot start', async () => {
    await writeFile(databaseFile(dataDir), 'this is not a database, it is a text of some length');
    const failure = start({ readyWithinMs: 20_000 });
    await expect(failure).rejects.toMatchObject({ code: 'setup-failed' });
    await expect(failure).rejects.toThrow(/not a database/);
    expect(await describeServer(dataDir)).not.toMatchObject({ condition: 'running' });
  });

  test('names a data directory that cannot be one', async () => {
    const file = join(dataDir, 'file');
    await writeFile(file, '');
    await expect(start({ dataDir: join(file, 'data') })).rejects.toMatchObject({ code: 'setup-failed' });
    await mkdir(join(dataDir, 'other'));
    await expect(start({ binary: '/does/not/exist' })).rejects.toMatchObject({ code: 'server-not-found' });
    expect(await readFile(file, 'utf8')).toBe('');
  });
});

test('search attributes are registered on a foreign server once, and tolerated after that', async () => {
  await withClient(inject('serverAddress'), async ({ connection }) => {
    const { workflowService } = connection;
    const namespace = `foreign-${Date.now()}`;
    await workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod: msToTs('1 day') });
    const added = await vi.waitUntil(
      () => ensureSearchAttributes(connection as Connection, namespace).catch(() => false),
      {
        timeout: 30_000,
        interval: 200,
      },
    );
    expect(added).toEqual(Object.keys(SEARCH_ATTRIBUTES));
    await vi.waitUntil(async () => (await ensureSearchAttributes(connection as Connection, namespace)).length === 0, {
      timeout: 30_000,
      interval: 200,
    });
  });
});

describe('an embedded server that is kept', () => {
  let kept: KeptServer | undefined;
  const notices: string[] = [];
  const keep = async (): Promise<RunningServer> => {
    const first = await start();
    const options = { dataDir, binary, lifetime: 'with-parent' as const, lookEveryMs: 50, missedLooks: 2 };
    notices.length = 0;
    kept = keepServer(first, { ...options, onNotice: (line) => notices.push(line) });
    return first;
  };
  afterEach(() => kept?.stop());

  test.each([
    ['ends', 'SIGKILL', 'has ended'],
    ['hangs', 'SIGSTOP', 'does not answer any more'],
  ] as const)('is started again where it was when it %s, with all it had acknowledged', async (_what, signal, why) => {
    const first = await keep();
    await withClient(first.address, (client) => startWorkflow(client, 'survivor'));
    process.kill(first.pid, signal);
    await vi.waitUntil(() => notices.length === 2, { timeout: 60_000 });
    const next = kept?.server();
    expect(notices).toEqual([
      `The Temporal server (pid ${first.pid}) ${why}.`,
      `The Temporal server runs again (pid ${next?.pid}).`,
    ]);
    expect(isSameProcess(first)).toBe(false);
    expect(next?.address).toBe(first.address);
    expect(await withClient(first.address, (client) => statusOf(client, 'survivor'))).toBe('RUNNING');
  });

  test('stays stopped where somebody has stopped it', async () => {
    await keep();
    await stopServer(dataDir);
    await vi.waitUntil(() => notices.length === 1, { timeout: 60_000 });
    await kept?.stop();
    expect(await describeServer(dataDir)).toEqual({ condition: 'none' });
  });

  test('waits for its port where another program has taken it', async () => {
    const first = await keep();
    const port = Number(first.address.split(':')[1]);
    process.kill(first.pid, 'SIGKILL');
    const other = createServer();
    await vi.waitUntil(
      () =>
        new Promise((resolve) =>
          other.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true)),
        ),
    );
    await vi.waitUntil(() => notices.some((line) => line.includes(`its port ${port} is taken`)), { timeout: 60_000 });
    other.close();
    await vi.waitUntil(() => kept?.server().pid !== first.pid, { timeout: 60_000 });
    expect(kept?.server().address).toBe(first.address);
  });
});
