import type { Client } from '@temporalio/client';
import { RECOVERY_STATUSES, type RecoveryStatus } from '../domain/recovery.ts';
import { WORKFLOW_TYPES } from '../domain/wire-names.ts';
import { SEARCH_ATTRIBUTES } from '../workflows/search-attributes.ts';
import { translateError } from './errors.ts';

export interface ListedRecovery {
  workflowId: string;
  runId: string;
  target: string;
  status: string;
  playbook: string | null;
  category: string | null;
  severity: string | null;
  waitingFor: string | null;
  waitingSince: string | null;
  startedAt: string;
  closedAt: string | null;
}

export interface ListRecoveriesOptions {
  status?: RecoveryStatus[];
  target?: string;
  /** Default 50. */
  limit?: number;
}

/** A value inside a visibility query. */
const quote = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

export function createRecoveryList(client: Client) {
  return {
    /** From Visibility, newest first; a recovery shows up there shortly after it changes. */
    async listRecoveries(options: ListRecoveriesOptions = {}): Promise<ListedRecovery[]> {
      const wanted = options.status?.filter((status) => RECOVERY_STATUSES.includes(status));
      // One that was killed keeps the status that it had.
      const alive = "ExecutionStatus IN ('Running', 'Completed')";
      const query = [
        `WorkflowType = ${quote(WORKFLOW_TYPES.recovery)}`,
        ...(wanted?.length ? [`RerailStatus IN (${wanted.map(quote).join(', ')})`, alive] : []),
        ...(options.target ? [`RerailTarget = ${quote(options.target)}`] : []),
      ].join(' AND ');
      const found: ListedRecovery[] = [];
      try {
        for await (const info of client.workflow.list({ query, pageSize: Math.min(options.limit ?? 50, 200) })) {
          const attributes = info.typedSearchAttributes;
          const killed = ['TERMINATED', 'FAILED', 'TIMED_OUT'].includes(info.status.name);
          found.push({
            workflowId: info.workflowId,
            runId: info.runId,
            target: attributes.get(SEARCH_ATTRIBUTES.target) ?? info.workflowId.replace(/^recovery\//, ''),
            status: killed ? 'killed' : (attributes.get(SEARCH_ATTRIBUTES.status) ?? 'planning'),
            playbook: attributes.get(SEARCH_ATTRIBUTES.playbook) ?? null,
            category: attributes.get(SEARCH_ATTRIBUTES.category) ?? null,
            severity: attributes.get(SEARCH_ATTRIBUTES.severity) ?? null,
            waitingFor: attributes.get(SEARCH_ATTRIBUTES.waitingFor) ?? null,
            waitingSince: attributes.get(SEARCH_ATTRIBUTES.waitingSince)?.toISOString() ?? null,
            startedAt: info.startTime.toISOString(),
            closedAt: info.closeTime?.toISOString() ?? null,
          });
          if (found.length >= (options.limit ?? 50)) break;
        }
      } catch (error) {
        throw translateError(error, 'the list of recoveries');
      }
      return found;
    },
  };
}
