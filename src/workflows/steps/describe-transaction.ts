import { workflowInfo } from '@temporalio/workflow';
import { formatMs } from '../../domain/duration.ts';
import type { TransactionState } from '../transaction-state.ts';

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ').slice(0, 160);

/** The command that ends the wait for a person. */
export const decideCommand = (workflowId: string, operationId: string): string =>
  `rerail transaction decide ${workflowId.replace(/^transaction\//, '')} ${operationId} retry|skip --by YOU --reason WHY`;

/** Markdown for the Temporal UI. */
export function describeTransaction({ input, status, operations, undos, error, waitingFor }: TransactionState): string {
  const undoOf = (id: string): string => {
    const undo = undos.find(({ actionId }) => actionId === id);
    if (!undo) return '';
    return undo.ok ? `done, ${undo.attempts} tries` : `failed: ${cell(undo.error?.message ?? '')}`;
  };
  return [
    `**${status}** · ${input.name}${input.target ? ` · ${input.target}` : ''}`,
    ...(error ? ['', cell(error.message)] : []),
    '',
    '| operation | state | tries | time | undo |',
    '|---|---|---|---|---|',
    ...operations.map(
      ({ id, title, status: own, attempts, durationMs, undoable }) =>
        `| ${cell(title)} | ${own} | ${attempts.length} | ${formatMs(durationMs)} | ${undoable ? undoOf(id) : 'none'} |`,
    ),
    ...(waitingFor
      ? [
          '',
          `Waits for **${waitingFor.key}** since ${waitingFor.since}, until ${waitingFor.until ?? ''}.`,
          '',
          '```',
          decideCommand(workflowInfo().workflowId, waitingFor.actionId ?? ''),
          '```',
        ]
      : []),
  ].join('\n');
}
