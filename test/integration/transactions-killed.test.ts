import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { NativeConnection } from '@temporalio/worker';
import { Client } from '@temporalio/client';
import { expect, inject, it } from 'vitest';
import { createRecoveryClient } from '../../src/client/recovery-client.ts';
import { KILL_POINTS, killTransactions } from '../chaos/transaction-kills.ts';
import { useCli } from '../support/cli.ts';

const cli = useCli();

/** All of them: `npm run chaos:transactions`. */
const SOME = ['before-do-2', 'after-do-3', 'before-undo-3', 'after-undo-2'];

it('killed in the middle of operations and undos, transactions are completed or undone, each effect once', async () => {
  const connection = await NativeConnection.connect({ address: inject('serverAddress') });
  const client = new Client({ connection });
  const { transactions } = createRecoveryClient({ client, taskQueue: `cli-${cli.unique}` });
  const root = path.join(cli.root, 'killed');
  await mkdir(root);
  const stage = { root, host: `cli-${cli.unique}`, client, transactions, startWorker: () => cli.startWorker() };
  const points = KILL_POINTS.filter(({ at }) => SOME.includes(at));
  expect(points).toHaveLength(SOME.length);
  const outcome = await killTransactions({ stage, points, atRandom: 0, rounds: 1, tell: () => undefined });
  expect(outcome).toMatchObject({ counts: { kills: 1, transactions: 4 }, violations: [] });
  await connection.close();
});
