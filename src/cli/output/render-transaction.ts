import { formatMs } from '../../domain/duration.ts';
import { describeOperation } from '../../domain/operation.ts';
import type { ListedTransaction } from '../../client/transactions.ts';
import type { TransactionInput, TransactionReport, TransactionSnapshot } from '../../domain/transaction.ts';
import type { Paint } from './output.ts';
import { paintStatus } from './render.ts';
import { renderTable } from './table.ts';

/** What would be done, and what would take it back. */
export function renderTransactionPlan(paint: Paint, { operations }: TransactionInput): string {
  return renderTable(
    paint,
    ['#', 'operation', 'does', 'undo', 'tries', 'limit'],
    operations.map(({ id, operation, undo, retry, timeout }, index) => [
      String(index + 1),
      id,
      describeOperation(operation),
      undo ? describeOperation(undo) : 'none',
      String(retry?.maximumAttempts ?? 1),
      timeout,
    ]),
  );
}

export function renderTransaction(paint: Paint, shown: TransactionSnapshot | TransactionReport): string {
  const { workflowId, status, operations, undos, startedAt } = shown;
  const undoOf = (id: string, undoable: boolean): string => {
    const undo = undos.find(({ actionId }) => actionId === id);
    if (!undo) return undoable ? '' : 'none';
    return undo.ok ? 'done' : `failed: ${undo.error?.message.slice(0, 80) ?? ''}`;
  };
  const waitingFor = 'waitingFor' in shown ? shown.waitingFor : undefined;
  const key = workflowId.replace(/^transaction\//, '');
  return [
    `${paint.bold(workflowId)}  ${paintStatus(paint, status)}  ${'durationMs' in shown ? formatMs(shown.durationMs) : `since ${paint.time(startedAt)}`}`,
    ...('summary' in shown ? [shown.summary] : []),
    '',
    renderTable(
      paint,
      ['#', 'state', 'operation', 'tries', 'time', 'error', 'undo'],
      operations.map((record, index) => [
        String(index + 1),
        paintStatus(paint, record.status),
        record.title,
        String(record.attempts.length || ''),
        record.durationMs ? formatMs(record.durationMs) : '',
        record.error?.message.slice(0, 80) ?? '',
        undoOf(record.id, record.undoable),
      ]),
    ),
    ...(waitingFor
      ? [
          paint.yellow(
            `Waits for ${waitingFor.key} since ${paint.time(waitingFor.since)}${waitingFor.until ? `, until ${paint.time(waitingFor.until)}` : ''}.`,
          ),
          `${paint.dim('→')} rerail transaction decide ${key} ${waitingFor.actionId ?? ''} retry|skip --reason "…"`,
        ]
      : []),
    ...('nextSteps' in shown ? shown.nextSteps.map((step) => `${paint.dim('→')} ${step}`) : []),
  ].join('\n');
}

export const renderTransactions = (paint: Paint, found: readonly ListedTransaction[]): string =>
  found.length === 0
    ? 'No transactions.'
    : renderTable(
        paint,
        ['state', 'key', 'target', 'waits for', 'started'],
        found.map(({ status, key, target, waitingFor, startedAt }) => [
          paintStatus(paint, status),
          key,
          target ?? '',
          waitingFor ?? '',
          paint.time(startedAt),
        ]),
      );
