import type { Client, WorkflowExecutionInfo } from '@temporalio/client';
import { SEARCH_ATTRIBUTES } from '../workflows/search-attributes.ts';
import { translateError } from './errors.ts';

const PAGE = 200;

interface ListExecutionsOptions<Row> {
  query: string;
  /** At most so many rows; all of them without it. */
  limit?: number;
  /** In errors: "the list of drills". */
  what: string;
  /** Undefined leaves one out. */
  toRow: (info: WorkflowExecutionInfo) => Row | undefined;
}

/** One list from Visibility, in its order: newest first. Throws `server-unreachable` and the like. */
export async function listExecutions<Row>(
  client: Client,
  { query, limit = Infinity, what, toRow }: ListExecutionsOptions<Row>,
): Promise<Row[]> {
  const found: Row[] = [];
  try {
    for await (const info of client.workflow.list({ query, pageSize: Math.min(limit, PAGE) })) {
      const row = toRow(info);
      if (row !== undefined) found.push(row);
      if (found.length >= limit) break;
    }
  } catch (error) {
    throw translateError(error, what);
  }
  return found;
}

/** What a workflow that answers with a verdict has ended with; `running` or `killed` where there is none. */
export function verdictIn({ status, typedSearchAttributes }: WorkflowExecutionInfo): string {
  if (status.name === 'RUNNING') return 'running';
  return status.name === 'COMPLETED' ? (typedSearchAttributes.get(SEARCH_ATTRIBUTES.status) ?? 'unknown') : 'killed';
}

/** Since when it is in its state, as its memo says; its start otherwise. */
export const sinceIn = ({ memo, startTime }: WorkflowExecutionInfo): string =>
  typeof memo?.['since'] === 'string' ? memo['since'] : startTime.toISOString();
