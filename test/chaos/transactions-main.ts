import { fork, type ChildProcess, type ForkOptions } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, mkdir, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Client } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { createRecoveryClient } from '../../src/client/recovery-client.ts';
import { findServer } from '../../src/embedded/find-server.ts';
import { startServer } from '../../src/embedded/start-server.ts';
import { KILL_POINTS, killTransactions } from './transaction-kills.ts';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '3' }, output: { type: 'string', short: 'o', default: 'text' } },
});
const tell = (line: string): void => void process.stderr.write(`${line}\n`);
const root = await realpath(await mkdtemp(path.join(tmpdir(), 'rerail-chaos-')));
const binary = await findServer({ onProgress: tell });
const server = await startServer({
  dataDir: path.join(root, 'server'),
  binary: binary.path,
  port: 0,
  uiPort: 'none',
  storage: 'memory',
  lifetime: 'with-parent',
});

async function startWorker(): Promise<ChildProcess> {
  const env = {
    PATH: process.env['PATH'],
    HOME: root,
    RERAIL_ADDRESS: server.address,
    RERAIL_HOST: 'chaos',
    RERAIL_STORE_CARE: 'off',
    RERAIL_DATA_DIR: path.join(root, 'data'),
    RERAIL_LOG_LEVEL: 'error',
  };
  const options = {
    cwd: root,
    env,
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'] as ForkOptions['stdio'],
  };
  const child = fork(MAIN, ['worker'], options);
  const [said] = (await Promise.race([once(child, 'message'), once(child, 'exit')])) as unknown[];
  if (said !== 'ready') throw new Error(`the worker ended with ${String(said)}`);
  return child;
}

try {
  const connection = await NativeConnection.connect({ address: server.address });
  const client = new Client({ connection });
  const { transactions } = createRecoveryClient({ client });
  const workspaces = path.join(root, 'workspaces');
  await mkdir(workspaces);
  const outcome = await killTransactions({
    stage: { root: workspaces, host: 'chaos', client, transactions, startWorker },
    points: KILL_POINTS,
    atRandom: 4,
    rounds: Number(values.rounds),
    tell,
  });
  process.stdout.write(`${JSON.stringify(outcome, null, values.output === 'json' ? 0 : 2)}\n`);
  process.exitCode = outcome.violations.length === 0 ? 0 : 1;
  await connection.close();
} finally {
  await server.stop();
  await rm(root, { recursive: true, force: true });
}
