import type { Client } from '@temporalio/client';
import type { DrillProof } from '../domain/drill-mark.ts';
import { WORKFLOW_TYPES } from '../domain/wire-names.ts';
import { SEARCH_ATTRIBUTES } from '../workflows/search-attributes.ts';
import { listExecutions } from './list-executions.ts';
import { quote } from './recovery-list.ts';

/** The newest: what is older than so many passes counts as not drilled. */
const LIMIT = 2000;

/** Which playbooks have passed drills, newest first, in one list from Visibility. Throws `server-unreachable`. */
export function listProofs(client: Client): Promise<DrillProof[]> {
  const query = `WorkflowType = ${quote(WORKFLOW_TYPES.drill)} AND ExecutionStatus = 'Completed' AND RerailStatus = 'passed'`;
  return listExecutions<DrillProof>(client, {
    query,
    limit: LIMIT,
    what: 'the drills that have passed',
    toRow(info) {
      const playbook = info.typedSearchAttributes.get(SEARCH_ATTRIBUTES.playbook);
      const { playbookDigest: digest } = (info.memo?.['outcome'] ?? {}) as { playbookDigest?: string };
      const at = (info.closeTime ?? info.startTime).toISOString();
      if (playbook === undefined) return undefined;
      return { playbook, workflowId: info.workflowId, at, ...(digest === undefined ? {} : { digest }) };
    },
  });
}
