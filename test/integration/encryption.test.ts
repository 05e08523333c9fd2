import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client, Connection } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createRecoveryClient } from '../../src/client/recovery-client.ts';
import { createDataConverter } from '../../src/encryption/create-data-converter.ts';
import { isEncrypted } from '../../src/encryption/encryption-codec.ts';
import { encryptFailures } from '../../src/encryption/encrypt-failures.ts';
import { createKeyring } from '../../src/encryption/keyring.ts';
import { startServer, type RunningServer } from '../../src/embedded/start-server.ts';
import { createWorkers, runWorkers } from '../../src/worker.ts';
import { head } from '../support/playbook-text.ts';

Runtime.install({ logger: new DefaultLogger('ERROR') });

const K1 = { id: 'k1', key: randomBytes(32) };
const K2 = { id: 'k2', key: randomBytes(32) };
const PLAYBOOKS =
  head('twice', 'approval: {timeout: 1h}') +
  '    - {id: retry, type: retry, retry: {maximumAttempts: 2, initialInterval: 1ms}}\n    - {id: call, type: escalate}\n';

let folder: string;
let server: RunningServer;
let running: Promise<void>[] = [];
const stop = new AbortController();
const open: { close: () => Promise<void> }[] = [];

/** A worker with the real activities, and a client of the same keys. */
async function start(name: string, dataConverter?: DataConverter) {
  const dataDir = path.join(folder, name);
  await mkdir(dataDir);
  const settings = { dataDir, host: name, taskQueue: name, playbooksDir: [path.join(folder, 'playbooks')] };
  const code = await readFile(inject('workflowBundlePath'), 'utf8');
  const connection = await NativeConnection.connect({ address: server.address });
  open.unshift(connection);
  const workers = await createWorkers({
    settings,
    connection,
    namespace: 'default',
    notifier: { notify: () => Promise.resolve() },
    workflows: { workflowBundle: { code: dataConverter ? encryptFailures(code) : code } },
    ...(dataConverter ? { dataConverter } : {}),
  });
  running.push(runWorkers(workers, stop.signal));
  return clientOf(name, dataConverter);
}

async function clientOf(taskQueue: string, dataConverter?: DataConverter) {
  const connection = await Connection.connect({ address: server.address });
  open.unshift(connection);
  const client = new Client({ connection, ...(dataConverter ? { dataConverter } : {}) });
  return { client, recoveries: createRecoveryClient({ client, taskQueue }) };
}

const script = (lines: string): string[] => [process.execPath, '-e', lines];

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'rerail-encrypted-'));
  await mkdir(path.join(folder, 'playbooks'));
  await writeFile(path.join(folder, 'playbooks', 'p.yaml'), PLAYBOOKS);
  server = await startServer({
    dataDir: path.join(folder, 'server'),
    binary: inject('serverBinary'),
    port: 0,
    uiPort: 'none',
    storage: 'file',
    lifetime: 'with-parent',
  });
});

async function close(): Promise<void> {
  stop.abort();
  await Promise.all(running);
  running = [];
  for (const one of open.splice(0)) await one.close();
  await server.stop();
}

afterAll(async () => {
  await close();
  await rm(folder, { recursive: true, force: true });
});

describe('what Temporal keeps', () => {
  it('shows nothing of encrypted recoveries and no secret that was passed by reference', async () => {
    const converter = createDataConverter(createKeyring('k1', [K1]));
    const encrypted = await start('sealed', converter);
    const plain = await start('clear');
    const secret = `S3KR1T-${randomBytes(8).toString('hex')}`;
    await writeFile(path.join(folder, 'secret.txt'), secret);

    const play = async ({ recoveries }: typeof plain, name: string) => {
      const { handle } = await recoveries.start(
        {
          target: `service/${name}`,
          message: `MARK-${name}-failure`,
          operation: {
            kind: 'command',
            workspace: folder,
            // Fails, and tells all it knows.
            argv: script('console.error("error", process.env.SHOWN, process.env.HIDDEN); process.exit(3)'),
            env: { SHOWN: `MARK-${name}-env` },
            secretEnv: { HIDDEN: `file:${path.join(folder, 'secret.txt')}` },
          },
        },
        { playbook: 'twice' },
      );
      const { hash } = await untilPlanned(handle);
      await handle.approve({ planHash: hash, by: 'ada', reason: `MARK-${name}-reason` });
      const report = await handle.result();
      expect(report.status).toBe('escalated');
      expect(JSON.stringify(report.actions)).toContain(`MARK-${name}-env`);
      expect(JSON.stringify(report)).not.toContain(secret);
      return handle;
    };
    const [sealed] = await Promise.all([play(encrypted, 'sealed'), play(plain, 'clear')]);

    // A workflow that fails, with a text that the sandbox makes itself.
    const refused = (client: Client, taskQueue: string) =>
      client.workflow.execute('saga', { workflowId: `saga-${taskQueue}`, taskQueue, args: [] }).catch(String);
    await refused(encrypted.client, 'sealed');
    const failed = await encrypted.client.workflow.getHandle('saga-sealed').fetchHistory();
    expect(failed.events?.at(-1)?.workflowExecutionFailedEventAttributes?.failure?.message).toBe('Encoded failure');
    const cause = await encrypted.client.workflow
      .getHandle('saga-sealed')
      .result()
      .catch((error: unknown) => error);
    expect(cause).toMatchObject({ cause: { message: expect.stringContaining('it is not one') as string } });

    await readableWithKeysOnly(sealed.workflowId, converter);
    await replays(encrypted.client, sealed.workflowId, converter);

    await close();
    const names = await readdir(path.join(folder, 'server'));
    const database = await Promise.all(
      names.filter((name) => /\.db/.test(name)).map((name) => readFile(path.join(folder, 'server', name))),
    );
    expect(database.length).toBeGreaterThan(0);
    const stored = Buffer.concat(database);
    // In clear without encryption, so this search finds what is there.
    for (const what of ['failure', 'env', 'reason']) expect(stored.includes(`MARK-clear-${what}`), what).toBe(true);
    expect(around(stored, 'MARK-sealed')).toBeUndefined();
    expect(around(stored, secret)).toBeUndefined();
    expect(around(stored, 'it is not one')).toBeUndefined();
  });
});

async function untilPlanned(handle: { status: () => Promise<{ planHash?: string; waitingFor?: object }> }) {
  for (;;) {
    const { planHash, waitingFor } = await handle.status();
    if (planHash !== undefined && waitingFor) return { hash: planHash };
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function readableWithKeysOnly(workflowId: string, converter: DataConverter): Promise<void> {
  const without = await clientOf('sealed');
  await expect(without.recoveries.getHandle(workflowId).result()).rejects.toMatchObject({
    code: 'encryption-key-unknown',
    remedy: expect.stringContaining('encryptionKeysFile') as string,
  });
  const other = await clientOf('sealed', createDataConverter(createKeyring('k2', [K2])));
  await expect(other.recoveries.getHandle(workflowId).result()).rejects.toMatchObject({
    code: 'encryption-key-unknown',
    message: expect.stringContaining('"k1"') as string,
  });
  const rotated = await clientOf('sealed', createDataConverter(createKeyring('k2', [K1, K2])));
  expect(await rotated.recoveries.getHandle(workflowId).result()).toMatchObject({ status: 'escalated' });
  expect(converter.payloadCodecs).toHaveLength(1);
}

async function replays(client: Client, workflowId: string, dataConverter: DataConverter): Promise<void> {
  const history = await client.workflow.getHandle(workflowId).fetchHistory();
  const summaries = (history.events ?? []).flatMap(({ userMetadata }) => userMetadata?.summary ?? []);
  expect(summaries.length).toBeGreaterThan(2);
  expect(summaries.every(isEncrypted)).toBe(true);
  const code = encryptFailures(await readFile(inject('workflowBundlePath'), 'utf8'));
  await Worker.runReplayHistory({ workflowBundle: { code }, dataConverter }, history, workflowId);
}

/** The text around a word that should not be there, which says where it has leaked from. */
function around(stored: Buffer, word: string, unless?: string): string | undefined {
  for (let at = stored.indexOf(word); at !== -1; at = stored.indexOf(word, at + 1)) {
    const text = stored.subarray(Math.max(0, at - 600), at + 600).toString('latin1');
    if (unless === undefined || !text.includes(unless)) return text.replace(/[^\x20-\x7e]+/g, '·');
  }
  return undefined;
}
