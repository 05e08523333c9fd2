import { WithStartWorkflowOperation } from '@temporalio/client';
import { ledgerId, WORKFLOW_TYPES } from '../domain/wire-names.ts';
import type { checkpointLedger } from '../workflows/checkpoint-ledger.ts';
import { SEARCH_ATTRIBUTES } from '../workflows/search-attributes.ts';

/** The ledger of a subject, made with its first entry. Good for one update. */
export const startLedger = (subject: string, taskQueue: string): WithStartWorkflowOperation<typeof checkpointLedger> =>
  new WithStartWorkflowOperation<typeof checkpointLedger>(WORKFLOW_TYPES.checkpointLedger, {
    workflowId: ledgerId(subject),
    taskQueue,
    args: [{ subject }],
    workflowIdConflictPolicy: 'USE_EXISTING',
    staticSummary: `checkpoints of ${subject}`,
    typedSearchAttributes: [{ key: SEARCH_ATTRIBUTES.subject, value: subject }],
  });
