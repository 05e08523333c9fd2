import { createHash } from 'node:crypto';
import type { Client } from '@temporalio/client';
import { RerailError } from '../domain/errors.ts';
import { translateError } from './errors.ts';

/** An execution as Visibility gives it; attributes are decoded JSON, times ISO 8601. */
export interface VisibleExecution {
  workflowId: string;
  runId: string;
  /** `RUNNING`, `COMPLETED` … */
  status: string;
  attributes: Record<string, unknown>;
  startedAt: string;
  closedAt: string | null;
}

interface PageRequest {
  query: string;
  limit: number;
  cursor?: string | undefined;
  what: string;
}

const STATUSES = [
  'UNSPECIFIED',
  'RUNNING',
  'COMPLETED',
  'FAILED',
  'CANCELLED',
  'TERMINATED',
  'CONTINUED_AS_NEW',
  'TIMED_OUT',
  'PAUSED',
];

interface Timestamp {
  seconds?: { toString(): string } | null;
  nanos?: number | null;
}

const isoOf = ({ seconds, nanos }: Timestamp): string =>
  new Date(Number(seconds?.toString() ?? 0) * 1000 + Math.floor((nanos ?? 0) / 1e6)).toISOString();

/** Search attributes are JSON whatever codec the namespace's payloads go through. */
const decode = ({ data }: { data?: Uint8Array | null }): unknown =>
  data ? (JSON.parse(Buffer.from(data).toString('utf8')) as unknown) : null;

const notACursor = (what: string, cause?: unknown): RerailError =>
  new RerailError('invalid-input', `the cursor is not one of ${what}`, {
    remedy: 'Give the nextCursor of the page before, with the same filter.',
    cause,
    nonRetryable: true,
  });

const digestOf = (query: string): string => createHash('sha256').update(query).digest('hex').slice(0, 16);

/** A cursor goes with its query: the server may answer a token of another one with anything. */
function tokenIn(cursor: string, { query, what }: PageRequest): Buffer {
  const [digest, token] = cursor.split('.');
  if (digest !== digestOf(query) || !token) throw notACursor(what);
  return Buffer.from(token, 'base64url');
}

/** One page of one query. Throws `invalid-input` for a cursor of another query, `server-unreachable`. */
export async function listPage(
  client: Client,
  request: PageRequest,
): Promise<{ executions: VisibleExecution[]; nextCursor: string | null }> {
  const { query, limit, cursor, what } = request;
  const token = cursor === undefined ? {} : { nextPageToken: tokenIn(cursor, request) };
  try {
    const { executions, nextPageToken } = await client.workflowService.listWorkflowExecutions({
      namespace: client.options.namespace,
      query,
      pageSize: limit,
      ...token,
    });
    const next = Buffer.from(nextPageToken).toString('base64url');
    return {
      executions: executions.map(({ execution, status, searchAttributes, startTime, closeTime }) => ({
        workflowId: execution?.workflowId ?? '',
        runId: execution?.runId ?? '',
        status: STATUSES[status ?? 0] ?? 'UNSPECIFIED',
        attributes: Object.fromEntries(
          Object.entries(searchAttributes?.indexedFields ?? {}).map(([name, payload]) => [name, decode(payload)]),
        ),
        startedAt: isoOf(startTime ?? {}),
        closedAt: closeTime ? isoOf(closeTime) : null,
      })),
      nextCursor: next === '' ? null : `${digestOf(query)}.${next}`,
    };
  } catch (error) {
    // With a token that fits the query by its form only.
    if (cursor !== undefined && error instanceof Error && /token/i.test(error.message)) throw notACursor(what, error);
    throw translateError(error, what);
  }
}
