import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { createRecoveryClient, type RecoveryClient } from '../../../src/client/recovery-client.ts';
import { forkWorker } from '../../support/fork-worker.ts';
import { operationOf, PLAYBOOKS, type Acknowledged, type Kind, type Seen } from './scenario.ts';
import { startEmbedded, type ChaosServer } from './servers.ts';

/** Tries again while the server is away. */
export async function patiently<T>(work: () => Promise<T>, limitMs = 120_000): Promise<T> {
  const deadline = Date.now() + limitMs;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await delay(200);
    }
  }
}

export interface WorldOptions {
  /** Each has a host, a data directory and a process of its own. */
  workers?: number;
  startServer?: (root: string) => Promise<ChaosServer>;
  /** Where the workers look for the server; default: where it is. */
  workerAddress?: (server: ChaosServer, root: string) => Promise<string>;
  /** Of the worker processes. */
  environment?: (root: string) => Record<string, string>;
}

export interface ChaosWorld {
  root: string;
  recoveries: RecoveryClient;
  client: Client;
  server: ChaosServer;
  workers: number;
  /** Returns when the server has acknowledged it. */
  start: (name: string, kind: Kind) => Promise<Acknowledged>;
  seen: (name: string) => Seen;
  /** SIGKILL, and another one in its place. */
  killWorker: (index?: number) => Promise<void>;
  killServer: () => Promise<void>;
  /** Workers that have ended although nobody has killed them; they were started again. */
  endedByThemselves: () => number;
  close: () => Promise<void>;
}

const REPORT_WITHIN_MS = 15 * 60_000;
const CLOSED_TRIES = 5;

/** Through all outages; one that has closed without a report is not waited for. */
async function awaitReport(recoveries: RecoveryClient, workflowId: string): Promise<unknown> {
  const deadline = Date.now() + REPORT_WITHIN_MS;
  const handle = recoveries.getHandle(workflowId);
  for (let closed = 0; ;) {
    try {
      return await handle.result();
    } catch (error) {
      if (!(await patiently(() => handle.isOpen()))) closed += 1;
      if (closed >= CLOSED_TRIES || Date.now() > deadline) throw error;
      await delay(500);
    }
  }
}

/** A server with a database and worker processes of its own in a new directory, all of them to be broken. */
export async function makeChaosWorld(options: WorldOptions = {}): Promise<ChaosWorld> {
  const { workers = 1, startServer = (root: string) => startEmbedded(join(root, 'server')) } = options;
  const root = mkdtempSync(join(tmpdir(), 'rerail-chaos-'));
  for (const name of ['playbooks', 'effects']) await mkdir(join(root, name));
  await writeFile(join(root, 'playbooks', 'chaos.yaml'), PLAYBOOKS);
  const remove = (): void => rmSync(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  const server = await startServer(root).catch((error: unknown) => {
    remove();
    throw error;
  });
  const address = (await options.workerAddress?.(server, root)) ?? server.address;
  const connection = await Connection.connect({ address: server.address });
  const client = new Client({ connection });
  const recoveries = createRecoveryClient({ client });
  const environment = options.environment?.(root) ?? {};
  let closing = false;
  let ended = 0;
  const running: ChildProcess[] = [];

  const startWorker = async (index: number): Promise<void> => {
    const settings = {
      RERAIL_ADDRESS: address,
      RERAIL_HOST: `chaos-${index}`,
      RERAIL_DATA_DIR: join(root, `data-${index}`),
      RERAIL_PLAYBOOKS_DIR: join(root, 'playbooks'),
      // Or they would wait for a person.
      RERAIL_MAX_CONCURRENT_RECOVERIES: '100000',
    };
    const child = await forkWorker(root, settings, environment);
    running[index] = child;
    // As a supervisor does.
    child.once('exit', (_code, signal) => {
      if (signal === 'SIGKILL' || closing || running[index] !== child) return;
      ended += 1;
      void patiently(() => (closing ? Promise.resolve() : startWorker(index))).catch(() => undefined);
    });
  };
  const endWorker = async (index: number): Promise<void> => {
    const child = running[index];
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  };
  const close = async (): Promise<void> => {
    closing = true;
    await Promise.all(running.map((_, index) => endWorker(index)));
    await connection.close();
    await server.stop();
    remove();
  };
  try {
    await Promise.all(Array.from({ length: workers }, (_, index) => startWorker(index)));
  } catch (error) {
    await close();
    throw error;
  }

  const fileOf = (name: string): string => join(root, 'effects', name);
  const seen = (name: string): Seen => {
    const file = fileOf(name);
    const read = (path: string): string | undefined =>
      existsSync(path) ? readFileSync(path, 'utf8').trim() : undefined;
    return { file, effects: read(file)?.split('\n') ?? [], thing: read(`${file}.thing`) };
  };
  let next = 0;
  return {
    ...{ root, recoveries, client, server, workers, seen, close },
    async start(name, kind) {
      const host = `chaos-${next++ % workers}`;
      const argv = operationOf(kind, fileOf(name));
      const failure = {
        target: `chaos/${name}`,
        message: 'it broke',
        code: kind,
        labels: { file: fileOf(name) },
        host,
        operation:
          argv === undefined
            ? ({ kind: 'activity', name: 'noop' } as const)
            : ({ kind: 'command', argv, workspace: root, host } as const),
      };
      const { handle } = await recoveries.start(failure, { key: name });
      return { name, kind, report: () => awaitReport(recoveries, handle.workflowId), seen: () => seen(name) };
    },
    async killWorker(index = 0) {
      await endWorker(index);
      await patiently(() => startWorker(index));
    },
    async killServer() {
      await server.kill();
      await server.launch();
    },
    endedByThemselves: () => ended,
  };
}
