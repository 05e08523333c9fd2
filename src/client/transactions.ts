import { createHash } from 'node:crypto';
import { WorkflowExecutionAlreadyStartedError, type Client } from '@temporalio/client';
import { DecideInputSchema } from '../domain/approval.schema.ts';
import type { DecideInput } from '../domain/approval.ts';
import { canonicalJson } from '../domain/canonical-json.ts';
import { isRerailError, RerailError } from '../domain/errors.ts';
import { newId } from '../domain/ids.ts';
import type { Operation } from '../domain/operation.ts';
import { parseInput } from '../domain/parse-input.ts';
import { fillInputs } from '../domain/transaction-inputs.ts';
import { TransactionInputSchema } from '../domain/transaction.schema.ts';
import type {
  TransactionDraft,
  TransactionInput,
  TransactionReport,
  TransactionSnapshot,
  UndoDecision,
} from '../domain/transaction.ts';
import { transactionId, WORKFLOW_TYPES } from '../domain/wire-names.ts';
import { decideUpdate, transactionStatusQuery, type MessageReceipt } from '../workflows/messages.ts';
import { SEARCH_ATTRIBUTES } from '../workflows/search-attributes.ts';
import type { transaction } from '../workflows/transaction.ts';
import { translateError } from './errors.ts';
import { listExecutions } from './list-executions.ts';

export interface StartTransactionOptions {
  /** Names the transaction: the same key again with the same content finds the first one. Default: a new one. */
  key?: string;
  /** Where commands run that name no host or no workspace themselves. */
  host?: string;
  /** Absolute. */
  workspace?: string;
}

export interface ListedTransaction {
  key: string;
  workflowId: string;
  status: string;
  target: string | null;
  waitingFor: string | null;
  startedAt: string;
  closedAt: string | null;
}

function notFound(workflowId: string, cause: unknown): RerailError {
  return new RerailError('transaction-not-found', `there is no open or kept transaction ${workflowId}`, {
    remedy: 'Give the key that it was started with.',
    cause,
    nonRetryable: true,
  });
}

const KEY = /^[\w.@:/-]{1,200}$/;

function checkKey(key: string): string {
  if (KEY.test(key)) return key;
  throw new RerailError('invalid-input', `key ${JSON.stringify(key)} is not one`, {
    remedy: 'Use 1 to 200 letters, digits and . _ - @ : /',
    nonRetryable: true,
  });
}

/** Gives every command its place. Throws `invalid-input`: better now than when half of it is done. */
function placeCommands(input: TransactionInput, { host, workspace }: StartTransactionOptions): TransactionInput {
  const place = (operation: Operation, field: string): Operation => {
    if (operation.kind !== 'command') return operation;
    const on = operation.host ?? host;
    if (on !== undefined) return { ...operation, host: on, workspace: operation.workspace ?? workspace };
    throw new RerailError('invalid-input', `the transaction is not valid: ${field}.host: a command needs a host`, {
      remedy: 'Name the host whose worker runs it, here or for all of them when you start it.',
      nonRetryable: true,
    });
  };
  const operations = input.operations.map((given, index) => ({
    ...given,
    operation: place(given.operation, `operations.${index}.operation`),
    ...(given.undo ? { undo: place(given.undo, `operations.${index}.undo`) } : {}),
  }));
  return { ...input, operations };
}

const digestOf = (input: TransactionInput): string => createHash('sha256').update(canonicalJson(input)).digest('hex');

export function createTransactions(client: Client, taskQueue: string) {
  /** By key, or by workflow id. Every method throws `transaction-not-found` or `server-unreachable` where that is so. */
  const handle = (keyOrId: string) => {
    const key = keyOrId.replace(/^transaction\//, '');
    const workflowId = transactionId(key);
    const workflow = client.workflow.getHandle<typeof transaction>(workflowId);
    const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
      try {
        return await work();
      } catch (error) {
        const translated = translateError(error, workflowId);
        throw isRerailError(translated) && translated.code === 'recovery-not-found'
          ? notFound(workflowId, error)
          : translated;
      }
    };
    return {
      key,
      workflowId,
      status: (): Promise<TransactionSnapshot> => guarded(() => workflow.query(transactionStatusQuery)),
      /** Waits for the end. */
      result: (): Promise<TransactionReport> => guarded(() => workflow.result()),
      isOpen: async (): Promise<boolean> => (await guarded(() => workflow.describe())).status.name === 'RUNNING',
      /** Stops after the present operation and undoes. Answers when the request is taken, not when it is done. */
      cancel: async (): Promise<void> => {
        await guarded(() => workflow.cancel());
      },
      /** For an undo that has failed and waits. Errors: `decision-refused` with the reason. */
      decide: (input: Omit<DecideInput, 'decision'> & { decision: UndoDecision }): Promise<MessageReceipt> =>
        guarded(() =>
          workflow.executeUpdate(decideUpdate, { args: [parseInput(DecideInputSchema, input, 'the decision')] }),
        ),
    };
  };

  /** What an earlier start with this key has started. */
  async function findStarted(key: string, content: string, cause: unknown) {
    const workflowId = transactionId(key);
    const { memo } = await client.workflow.getHandle(workflowId).describe();
    if (memo?.['content'] === content) return { ...handle(key), found: true };
    throw new RerailError('transaction-conflict', `${workflowId} was started with another content`, {
      remedy: 'Give another key, or the same content.',
      cause,
      nonRetryable: true,
    });
  }

  return {
    handle,
    /** From Visibility, newest first; a change of state shows there shortly after it. */
    async list(limit = 50): Promise<ListedTransaction[]> {
      const query = `WorkflowType = '${WORKFLOW_TYPES.transaction}' AND ExecutionStatus != 'ContinuedAsNew'`;
      return listExecutions<ListedTransaction>(client, {
        query,
        limit,
        what: 'the list of transactions',
        toRow(info) {
          const attributes = info.typedSearchAttributes;
          const killed = ['TERMINATED', 'FAILED', 'TIMED_OUT'].includes(info.status.name);
          return {
            key: info.workflowId.replace(/^transaction\//, ''),
            workflowId: info.workflowId,
            status: killed ? 'killed' : (attributes.get(SEARCH_ATTRIBUTES.status) ?? 'running'),
            target: attributes.get(SEARCH_ATTRIBUTES.target) ?? null,
            waitingFor: attributes.get(SEARCH_ATTRIBUTES.waitingFor) ?? null,
            startedAt: info.startTime.toISOString(),
            closedAt: info.closeTime?.toISOString() ?? null,
          };
        },
      });
    },
    /**
     * Starts a transaction (requirement 5.4), or finds the one that this key has started, running or ended. Errors:
     * `invalid-input` that names the fields, `transaction-conflict`, `server-unreachable`.
     */
    async start(draft: TransactionDraft, options: StartTransactionOptions = {}) {
      const parsed = parseInput(TransactionInputSchema, fillInputs(draft), 'the transaction');
      const input = placeCommands(parsed, options);
      const key = checkKey(options.key ?? newId('tx'));
      const workflowId = transactionId(key);
      const content = digestOf(input);
      try {
        await client.workflow.start<typeof transaction>(WORKFLOW_TYPES.transaction, {
          workflowId,
          taskQueue,
          args: [input],
          workflowIdConflictPolicy: 'FAIL',
          workflowIdReusePolicy: 'REJECT_DUPLICATE',
          memo: { content },
          staticSummary: `${input.name}: ${input.operations.length} operations`,
          typedSearchAttributes: [
            { key: SEARCH_ATTRIBUTES.status, value: 'running' },
            ...(input.target ? [{ key: SEARCH_ATTRIBUTES.target, value: input.target }] : []),
          ],
        });
        return { ...handle(key), found: false };
      } catch (error) {
        if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw translateError(error, workflowId);
        return findStarted(key, content, error);
      }
    },
  };
}

export type Transactions = ReturnType<typeof createTransactions>;
export type TransactionHandle = ReturnType<Transactions['handle']>;
