import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Argument, type Command } from 'commander';
import type { TransactionHandle } from '../../client/transactions.ts';
import { loadTransaction } from '../../config/load-transaction.ts';
import { UNDO_DECISIONS, type TransactionReport, type UndoDecision } from '../../domain/transaction.ts';
import { openContext, withClient, type Context } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { onInterrupt } from '../interrupt.ts';
import type { Output } from '../output/output.ts';
import { paintStatus } from '../output/render.ts';
import { renderTransaction, renderTransactionPlan, renderTransactions } from '../output/render-transaction.ts';
import { parseLimit } from '../parse-limit.ts';
import { confirm } from '../prompt.ts';
import { addSignedOptions, signed, type SignedOptions } from '../signed-options.ts';

const LOOK_EVERY_MS = 200;

/** Tells what has changed until it ends. Undefined when the terminal was left first; the transaction goes on. */
async function follow(
  handle: TransactionHandle,
  output: Output,
  stop: AbortSignal,
): Promise<TransactionReport | undefined> {
  const told = new Map<string, string>();
  let waited = '';
  let ended = false;
  const result = handle.result();
  const end = (): void => void (ended = true);
  result.then(end, end);
  while (!stop.aborted) {
    if (ended) return result;
    const { operations, waitingFor } = await handle.status();
    for (const record of operations) {
      if (record.status === 'pending' || told.get(record.id) === record.status) continue;
      told.set(record.id, record.status);
      output.event(
        { event: 'operation', ...record },
        () => `${paintStatus(output.paint, record.status)}  ${record.title}`,
      );
    }
    if (waitingFor && waited !== waitingFor.since) {
      waited = waitingFor.since;
      const { key } = handle;
      output.info(
        `Waits: rerail transaction decide ${key} ${waitingFor.actionId ?? ''} retry|skip --by YOU --reason WHY`,
      );
    }
    await delay(LOOK_EVERY_MS);
  }
  return undefined;
}

function printReport(report: TransactionReport, output: Output): void {
  if (output.format === 'text') output.info('');
  output.value(report, () => renderTransaction(output.paint, report));
  process.exitCode = report.status === 'committed' ? EXIT.done : EXIT.unrecovered;
}

interface RunOptions {
  workspace?: string;
  key?: string;
  detach?: boolean;
  dryRun?: boolean;
}

async function run(file: string, options: RunOptions, command: Command): Promise<void> {
  const context = await openContext(command);
  const { output, settings } = context;
  const { input, workspace } = await loadTransaction(
    file,
    options.workspace ? { workspace: path.resolve(options.workspace) } : {},
  );
  if (options.dryRun)
    return output.value({ transaction: input, workspace }, () => renderTransactionPlan(output.paint, input));
  const stop = onInterrupt();
  await withClient(context, async ({ transactions }) => {
    const handle = await transactions.start(input, {
      host: settings.host,
      workspace,
      ...(options.key ? { key: options.key } : {}),
    });
    const { workflowId, found } = handle;
    if (options.detach)
      return output.value({ workflowId, found }, () => `${found ? 'Found' : 'Started'} ${workflowId}.`);
    output.info(found ? `${workflowId} was started before with this content` : workflowId);
    const report = await follow(handle, output, stop);
    if (report) return printReport(report, output);
    output.info(`${workflowId} goes on without this terminal: rerail transaction show ${handle.key}`);
    process.exitCode = EXIT.interrupted;
  });
}

async function withTransaction(
  command: Command,
  key: string,
  work: (handle: TransactionHandle, context: Context) => Promise<void>,
): Promise<void> {
  const context = await openContext(command);
  await withClient(context, ({ transactions }) => work(transactions.handle(key), context));
}

async function list({ limit }: { limit: string }, command: Command): Promise<void> {
  const context = await openContext(command);
  const { output } = context;
  await withClient(context, async ({ transactions }) => {
    const found = await transactions.list(parseLimit(limit));
    output.list(found, () => renderTransactions(output.paint, found));
  });
}

const show = (key: string, _options: object, command: Command): Promise<void> =>
  withTransaction(command, key, async (handle, { output }) => {
    if (!(await handle.isOpen())) return printReport(await handle.result(), output);
    const snapshot = await handle.status();
    output.value(snapshot, () => renderTransaction(output.paint, snapshot));
  });

const cancel = (key: string, { dryRun, yes }: { dryRun?: boolean; yes?: boolean }, command: Command): Promise<void> =>
  withTransaction(command, key, async (handle, { output }) => {
    const { workflowId } = handle;
    const { status, operations } = await handle.status();
    const begun = operations.filter(({ startedAt, undoable }) => startedAt !== undefined && undoable);
    const answer = { workflowId, status, wouldUndo: begun.map(({ id }) => id).reverse(), dryRun: dryRun === true };
    const would = `${workflowId} would stop and undo: ${answer.wouldUndo.join(', ') || 'nothing'}`;
    if (!dryRun) {
      await confirm(output, { yes, what: would });
      await handle.cancel();
    }
    output.value(answer, () => (dryRun ? would : `${workflowId} is stopping and undoes what it has begun.`));
  });

const decide = (
  key: string,
  operation: string,
  decision: UndoDecision,
  options: SignedOptions & { dryRun?: boolean },
  command: Command,
): Promise<void> =>
  withTransaction(command, key, async (handle, { output }) => {
    if (options.dryRun) {
      const snapshot = await handle.status();
      return output.value({ ...snapshot, dryRun: true }, () => renderTransaction(output.paint, snapshot));
    }
    const receipt = await handle.decide({ decision, actionId: operation, ...(await signed(options, output)) });
    output.value({ workflowId: handle.workflowId, ...receipt }, () => `${handle.workflowId}: ${receipt.note}`);
  });

export function addTransactionCommands(program: Command): void {
  const transaction = program
    .command('transaction')
    .description('Do several operations, all of them or, undone again, none.');
  transaction
    .command('run <file>')
    .description('This command will run a transaction (YAML, kind: Transaction) and undo it when an operation fails.')
    .option('--workspace <directory>', 'instead of the one in the file')
    .option('--key <key>', 'names it: the same key with the same content finds the first one; default: a new one')
    .option('--detach', 'start it and return')
    .option('--dry-run', 'only check it and list its operations')
    .addHelpText('after', '\nExample:\n  $ rerail transaction run order.yaml --key order-4711')
    .action(run);
  transaction
    .command('list')
    .description('This command will list transactions, newest first.')
    .option('--limit <n>', 'at most so many', '50')
    .addHelpText('after', '\nExample:\n  $ rerail transaction list')
    .action(list);
  transaction
    .command('show <key>')
    .description('This command will show where a transaction stands, or its report; the exit code says how it ended.')
    .addHelpText('after', '\nExample:\n  $ rerail transaction show order-4711')
    .action(show);
  transaction
    .command('cancel <key>')
    .description('This command will stop a transaction and undo what it has begun.')
    .option('--yes', 'do not ask')
    .option('--dry-run', 'only say what would be undone')
    .addHelpText('after', '\nExample:\n  $ rerail transaction cancel order-4711 --yes')
    .action(cancel);
  addSignedOptions(
    transaction
      .command('decide <key> <operation>')
      .addArgument(new Argument('<decision>', 'try the undo again, or leave it').choices(UNDO_DECISIONS))
      .description('This command will answer for an undo that has failed and waits for a person.'),
  )
    .option('--dry-run', 'only say where the transaction stands')
    .addHelpText(
      'after',
      '\nExample:\n  $ rerail transaction decide order-4711 charge retry --reason "the till is open"',
    )
    .action(decide);
}
