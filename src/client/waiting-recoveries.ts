import type { Client } from '@temporalio/client';
import { WORKFLOW_TYPES } from '../domain/wire-names.ts';
import { SEARCH_ATTRIBUTES } from '../workflows/search-attributes.ts';
import { translateError } from './errors.ts';
import { quote } from './recovery-list.ts';

/** More than so many open waits are not told apart; there is nobody who could answer them either. */
const LIMIT = 1000;

export interface Waiting {
  /** `approval`, `manual`, `decision`, `resume`, `time`, `probes` or `breaker`. */
  waitingFor: string;
  count: number;
  /** Milliseconds since 1970. */
  oldestSince: number;
}

/** Open recoveries that wait, by what they wait for, from one query of Visibility. */
export async function readWaiting(client: Client): Promise<Waiting[]> {
  const query = `WorkflowType = ${quote(WORKFLOW_TYPES.recovery)} AND ExecutionStatus = 'Running' AND RerailWaitingFor IS NOT NULL`;
  const found = new Map<string, Waiting>();
  let read = 0;
  try {
    for await (const { typedSearchAttributes: attributes, startTime } of client.workflow.list({
      query,
      pageSize: 200,
    })) {
      const [kind = 'unknown'] = (attributes.get(SEARCH_ATTRIBUTES.waitingFor) ?? 'unknown').split(':');
      const since = (attributes.get(SEARCH_ATTRIBUTES.waitingSince) ?? startTime).getTime();
      const { count = 0, oldestSince = since } = found.get(kind) ?? {};
      found.set(kind, { waitingFor: kind, count: count + 1, oldestSince: Math.min(oldestSince, since) });
      read += 1;
      if (read >= LIMIT) break;
    }
  } catch (error) {
    throw translateError(error, 'the recoveries that wait');
  }
  return [...found.values()];
}
