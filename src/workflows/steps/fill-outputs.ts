import { ApplicationFailure } from '@temporalio/workflow';
import type { Operation } from '../../domain/operation.ts';
import { resolveTemplates } from '../../domain/template.ts';
import type { TransactionOperationRecord } from '../../domain/transaction.ts';

/**
 * An operation with the outputs of others in place of its templates. Throws `invalid-input` where one has none: a
 * command must not be run with a hole in it.
 */
export function fillOutputs(operation: Operation, records: readonly TransactionOperationRecord[]): Operation {
  const missing: string[] = [];
  const actions = Object.fromEntries(records.map(({ id, output }) => [id, { output }]));
  const filled = resolveTemplates(operation, { actions }, missing);
  if (missing.length === 0) return filled;
  const paths = missing.map((path) => `{{ ${path} }}`).join(', ');
  throw ApplicationFailure.nonRetryable(
    `${paths} has no value: that operation has put out nothing of this name`,
    'invalid-input',
  );
}
