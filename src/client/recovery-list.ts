import type { Client } from '@temporalio/client';
import type { ListedRecovery } from '../domain/recovery-list.schema.ts';
import { OPEN_RECOVERY_STATUSES, RECOVERY_STATUSES, type RecoveryStatus } from '../domain/recovery.ts';
import { WORKFLOW_TYPES } from '../domain/wire-names.ts';
import { translateError } from './errors.ts';
import { listPage, type VisibleExecution } from './visibility-page.ts';
export type { ListedRecovery } from '../domain/recovery-list.schema.ts';

export interface RecoveryFilter {
  status?: readonly RecoveryStatus[];
  target?: string;
  playbook?: string;
  subject?: string;
  category?: string;
  failureType?: string;
  severity?: string;
  /** `any`: whatever it waits for. `person`: somebody, and no circuit breaker. */
  waitingFor?: string;
  open?: boolean;
}

export interface ListRecoveriesOptions extends RecoveryFilter {
  /** Default 50. */
  limit?: number;
}

export interface RecoveryPage {
  items: ListedRecovery[];
  nextCursor: string | null;
}

export interface RecoveryCounts {
  byStatus: Partial<Record<RecoveryStatus, number>>;
  open: number;
  killed: number;
  waiting: number;
  total: number;
  at: string;
}

/** A value inside a visibility query. */
export const quote = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

export const RECOVERY_TYPE = `WorkflowType = ${quote(WORKFLOW_TYPES.recovery)}`;
/** One that was killed keeps the status that it had. */
const ALIVE = "ExecutionStatus IN ('Running', 'Completed')";
const KILLED = "ExecutionStatus IN ('Terminated', 'Failed', 'TimedOut')";

const ATTRIBUTES = {
  target: 'RerailTarget',
  playbook: 'RerailPlaybook',
  subject: 'RerailSubject',
  category: 'RerailCategory',
  failureType: 'RerailFailureType',
  severity: 'RerailSeverity',
} as const;

const WAITS: Record<string, string> & { person: string } = {
  any: 'RerailWaitingFor IS NOT NULL',
  person: "RerailWaitingFor IS NOT NULL AND RerailWaitingFor NOT STARTS_WITH 'breaker:'",
};

function queryOf(filter: RecoveryFilter): string {
  const wanted = filter.status?.filter((status) => RECOVERY_STATUSES.includes(status));
  const { waitingFor, open } = filter;
  return [
    RECOVERY_TYPE,
    ...(wanted?.length ? [`RerailStatus IN (${wanted.map(quote).join(', ')})`, ALIVE] : []),
    ...(Object.keys(ATTRIBUTES) as (keyof typeof ATTRIBUTES)[]).flatMap((field) => {
      const value = filter[field];
      return value === undefined ? [] : [`${ATTRIBUTES[field]} = ${quote(value)}`];
    }),
    ...(waitingFor === undefined
      ? []
      : ["ExecutionStatus = 'Running'", WAITS[waitingFor] ?? `RerailWaitingFor = ${quote(waitingFor)}`]),
    ...(open === undefined ? [] : [`ExecutionStatus ${open ? '=' : '!='} 'Running'`]),
  ].join(' AND ');
}

const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null);

export function toListed({
  workflowId,
  runId,
  status,
  attributes,
  startedAt,
  closedAt,
}: VisibleExecution): ListedRecovery {
  const killed = ['TERMINATED', 'FAILED', 'TIMED_OUT'].includes(status);
  return {
    workflowId,
    runId,
    target: textOf(attributes['RerailTarget']) ?? workflowId.replace(/^recovery\//, ''),
    status: killed ? 'killed' : (textOf(attributes['RerailStatus']) ?? 'planning'),
    subject: textOf(attributes['RerailSubject']),
    playbook: textOf(attributes['RerailPlaybook']),
    category: textOf(attributes['RerailCategory']),
    failureType: textOf(attributes['RerailFailureType']),
    severity: textOf(attributes['RerailSeverity']),
    waitingFor: textOf(attributes['RerailWaitingFor']),
    waitingSince: textOf(attributes['RerailWaitingSince']),
    startedAt,
    closedAt,
  };
}

const WHAT = 'the list of recoveries';

export function createRecoveryList(client: Client) {
  const count = async (condition: string): Promise<number> =>
    (await client.workflow.count(`${RECOVERY_TYPE} AND ${condition}`)).count;

  /** From one Visibility query, newest first. Throws `invalid-input` for a cursor that is not one. */
  async function pageRecoveries(
    filter: RecoveryFilter,
    { limit = 50, cursor }: { limit?: number; cursor?: string } = {},
  ): Promise<RecoveryPage> {
    const { executions, nextCursor } = await listPage(client, { query: queryOf(filter), limit, cursor, what: WHAT });
    return { items: executions.map(toListed), nextCursor };
  }

  return {
    pageRecoveries,
    /** From Visibility, newest first; a recovery shows up there shortly after it changes. */
    async listRecoveries({ limit = 50, ...filter }: ListRecoveriesOptions = {}): Promise<ListedRecovery[]> {
      const found: ListedRecovery[] = [];
      let cursor: string | undefined;
      do {
        const left = Math.min(limit - found.length, 200);
        const page = await pageRecoveries(filter, { limit: left, ...(cursor === undefined ? {} : { cursor }) });
        found.push(...page.items);
        cursor = page.nextCursor ?? undefined;
      } while (cursor !== undefined && found.length < limit);
      return found.slice(0, limit);
    },
    /** Open ones and those that have closed since, newest first: what a live list has to know. At most 500. */
    async changedRecoveries(since: Date): Promise<ListedRecovery[]> {
      const query = `${RECOVERY_TYPE} AND (ExecutionStatus = 'Running' OR CloseTime > '${since.toISOString()}')`;
      return (await listPage(client, { query, limit: 500, what: WHAT })).executions.map(toListed);
    },
    /** Counted by Visibility, one count per status. */
    async countRecoveries(): Promise<RecoveryCounts> {
      try {
        const [killed, waiting, ...counts] = await Promise.all([
          count(KILLED),
          count(`ExecutionStatus = 'Running' AND ${WAITS.person}`),
          ...RECOVERY_STATUSES.map((status) => count(`RerailStatus = ${quote(status)} AND ${ALIVE}`)),
        ]);
        const byStatus = Object.fromEntries(
          RECOVERY_STATUSES.map((status, index) => [status, counts[index] ?? 0] as const).filter(([, n]) => n > 0),
        ) as RecoveryCounts['byStatus'];
        const open = OPEN_RECOVERY_STATUSES.reduce((sum, status) => sum + (byStatus[status] ?? 0), 0);
        const total = counts.reduce((sum, n) => sum + n, killed);
        return { byStatus, open, killed, waiting, total, at: new Date().toISOString() };
      } catch (error) {
        throw translateError(error, WHAT);
      }
    },
  };
}
