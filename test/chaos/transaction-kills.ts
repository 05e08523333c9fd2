import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { TransactionHandle, Transactions } from '../../src/client/transactions.ts';
import type { TransactionDraft } from '../../src/domain/transaction.ts';
import { stopChild } from '../support/cli.ts';
import { until } from '../support/harness.ts';
import { createTally, type Outcome, type Tell } from './outcome.ts';

/** Appends its word to a file that is counted afterwards, and stands still where a file tells it to. */
const EFFECT = `#!/bin/sh
gate() {
  [ -e "hold-$1" ] || return 0
  : > "at-$1"
  while [ -e "hold-$1" ]; do sleep 0.05; done
}
gate "before-$1"
echo "$1" >> effects
gate "after-$1"
[ "$1" != "$2" ]
`;

const OPERATIONS = ['1', '2', '3', '4'];
const DONE = OPERATIONS.map((id) => `do-${id}`);
const UNDONE = [...DONE, ...OPERATIONS.map((id) => `undo-${id}`).reverse()];

/** Where a transaction stands when the worker is killed: `before-do-2` is the second operation before its effect. */
export interface KillPoint {
  at: string;
  ends: 'committed' | 'undone';
}

const around = (words: readonly string[], ends: KillPoint['ends']): KillPoint[] =>
  words.flatMap((word) => ['before', 'after'].map((moment) => ({ at: `${moment}-${word}`, ends })));

/** Every operation and every undo, before and after its effect. */
export const KILL_POINTS: readonly KillPoint[] = [
  ...around(DONE, 'committed'),
  ...around(UNDONE.slice(OPERATIONS.length), 'undone'),
];

export interface Stage {
  /** An empty directory. */
  root: string;
  host: string;
  client: Client;
  transactions: Transactions;
  /** A process of its own, ready for work. */
  startWorker: () => Promise<ChildProcess>;
}

interface Trial {
  label: string;
  ends: KillPoint['ends'];
  workspace: string;
  handle: TransactionHandle;
}

async function begin({ root, host, transactions }: Stage, ends: KillPoint['ends'], hold?: string): Promise<Trial> {
  const key = `killed-${randomUUID().slice(0, 8)}`;
  const workspace = path.join(root, key);
  await mkdir(workspace);
  await writeFile(path.join(workspace, 'effect.sh'), EFFECT, { mode: 0o755 });
  if (hold !== undefined) await writeFile(path.join(workspace, `hold-${hold}`), '');
  const command = (word: string) => ({
    kind: 'command' as const,
    argv: ['./effect.sh', word, ends === 'undone' ? 'do-4' : ''],
  });
  const operations: TransactionDraft['operations'] = OPERATIONS.map((id) => ({
    id: `op-${id}`,
    operation: command(`do-${id}`),
    undo: command(`undo-${id}`),
  }));
  const handle = await transactions.start({ name: 'killed', operations }, { key, host, workspace });
  return { label: `${hold ?? 'at random'}, to be ${ends}`, ends, workspace, handle };
}

async function judge({ label, ends, workspace, handle }: Trial, violated: (what: string) => void): Promise<void> {
  const { status, summary } = await handle.result();
  const effects = (await readFile(path.join(workspace, 'effects'), 'utf8')).trim().split('\n');
  const expected = ends === 'committed' ? DONE : UNDONE;
  if (status !== ends) violated(`${label}: it is ${status}: ${summary}`);
  if (effects.join() !== expected.join()) violated(`${label}: effects ${effects.join()}`);
}

export interface TransactionKills {
  stage: Stage;
  points: readonly KillPoint[];
  /** Others that are killed wherever they are. */
  atRandom: number;
  rounds: number;
  tell: Tell;
}

/**
 * Brings transactions to their points, kills the worker with all of them at once, and lets another go on: each must end as
 * if nothing had happened, with every effect there once and in its order.
 */
export async function killTransactions({ stage, points, atRandom, rounds, tell }: TransactionKills): Promise<Outcome> {
  const { outcome, count, violated } = createTally('killed transactions', 0, tell);
  for (let round = 1; round <= rounds; round++) {
    let worker = await stage.startWorker();
    try {
      const held = await Promise.all(points.map(async ({ at, ends }) => ({ at, trial: await begin(stage, ends, at) })));
      const standsStill = ({ at, trial }: (typeof held)[number]): Promise<unknown> =>
        until(() => Promise.resolve(existsSync(path.join(trial.workspace, `at-${at}`))), at, 120_000);
      await Promise.all(held.map(standsStill));
      const random: Trial[] = [];
      for (let index = 0; index < atRandom; index++) {
        random.push(await begin(stage, index % 2 === 0 ? 'committed' : 'undone'));
        await delay(Math.random() * 500);
      }
      await stopChild(worker, 'SIGKILL');
      count('kills');
      worker = await stage.startWorker();
      // Their next tasks would wait 10 s for the dead worker first, for it has them in its cache.
      for (const { trial } of held) {
        const { workflowService, options } = stage.client;
        const execution = { workflowId: trial.handle.workflowId };
        await workflowService.resetStickyTaskQueue({ namespace: options.namespace, execution });
      }
      await Promise.all(held.map(({ at, trial }) => rm(path.join(trial.workspace, `hold-${at}`))));
      const trials = [...held.map(({ trial }) => trial), ...random];
      await Promise.all(trials.map((trial) => judge(trial, violated)));
      count('transactions', trials.length);
      tell(`round ${round}: ${trials.length} transactions judged`);
    } finally {
      await stopChild(worker, 'SIGKILL');
    }
  }
  return outcome;
}
