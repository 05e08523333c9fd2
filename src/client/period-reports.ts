import type { Client, WorkflowExecutionInfo } from '@temporalio/client';
import type { DrillReport } from '../domain/drill.ts';
import { isRerailError, RerailError } from '../domain/errors.ts';
import {
  drillFactOf,
  recoveryFactOf,
  type ClosedExecution,
  type DrillFact,
  type RecoveryFact,
} from '../domain/period-facts.ts';
import { periodReportOf, type PeriodReport } from '../domain/period-report.ts';
import type { RecoveryReport } from '../domain/report.ts';
import { recoveryId, WORKFLOW_TYPES } from '../domain/wire-names.ts';
import { SEARCH_ATTRIBUTES } from '../workflows/search-attributes.ts';
import { translateError } from './errors.ts';
import { quote } from './recovery-list.ts';

export interface PeriodOptions {
  /** Closed since then. Default: 30 days before `to`. */
  from?: Date;
  /** And before then. Default: now. */
  to?: Date;
  /** Of the newest recoveries and drills together. Default 1000. */
  limit?: number;
}

type Fact = RecoveryFact | DrillFact;

const DEFAULT_DAYS = 30;
const DAY_MS = 86_400_000;
const DEFAULT_LIMIT = 1000;
/** Small ones: a report of the same period again asks only for what has closed since. */
const KEPT_FACTS = 5000;
const AT_ONCE = 16;
const DRILLED = recoveryId('drill/');
/** Nothing is wrong with the one that was asked for: the next would fail as well. */
const OF_THE_SERVER = ['server-unreachable', 'settings-invalid'];

const what = 'the recoveries of the period';

/** Of one that left no report. */
function killedFactOf(info: WorkflowExecutionInfo, execution: ClosedExecution): Fact {
  const attributes = info.typedSearchAttributes;
  const playbook = attributes.get(SEARCH_ATTRIBUTES.playbook);
  if (info.type === WORKFLOW_TYPES.drill) {
    const name = info.workflowId.split('/')[1] ?? '';
    return { kind: 'drill', ...execution, name, verdict: 'killed', playbook: playbook ?? null, itemsLost: 0 };
  }
  return {
    kind: 'recovery',
    ...execution,
    target: attributes.get(SEARCH_ATTRIBUTES.target) ?? info.workflowId,
    status: 'killed',
    playbook: playbook ?? 'none',
    category: 'UNKNOWN',
    type: attributes.get(SEARCH_ATTRIBUTES.failureType) ?? 'unknown',
    message: '',
    actions: [],
  };
}

/** Reports for a period: found in Visibility, read from what each recovery and drill has left (requirement 7.3). */
export function createPeriodReports(client: Client) {
  const kept = new Map<string, Fact>();

  async function readFact(info: WorkflowExecutionInfo, closeTime: Date): Promise<Fact> {
    const { workflowId, runId, status } = info;
    const execution = { workflowId, runId, closedAt: closeTime.toISOString() };
    if (status.name !== 'COMPLETED') return killedFactOf(info, execution);
    const known = kept.get(runId);
    if (known) return known;
    const left: unknown = await client.workflow.getHandle(workflowId, runId, { followRuns: false }).result();
    const fact =
      info.type === WORKFLOW_TYPES.drill
        ? drillFactOf(left as DrillReport, execution)
        : recoveryFactOf(left as RecoveryReport, execution);
    kept.set(runId, fact);
    const [oldest] = kept.keys();
    if (kept.size > KEPT_FACTS && oldest !== undefined) kept.delete(oldest);
    return fact;
  }

  async function find(from: Date, to: Date, limit: number) {
    const types = [WORKFLOW_TYPES.recovery, WORKFLOW_TYPES.drill].map(quote).join(', ');
    const query = [
      `WorkflowType IN (${types})`,
      "ExecutionStatus != 'Running'",
      `CloseTime >= ${quote(from.toISOString())}`,
      `CloseTime < ${quote(to.toISOString())}`,
    ].join(' AND ');
    const found: { info: WorkflowExecutionInfo; closeTime: Date }[] = [];
    try {
      for await (const info of client.workflow.list({ query, pageSize: 200 })) {
        // What was broken on purpose is told by its drill.
        if (!info.closeTime || info.workflowId.startsWith(DRILLED)) continue;
        if (found.length >= limit) return { found, truncated: true };
        found.push({ info, closeTime: info.closeTime });
      }
    } catch (error) {
      throw translateError(error, what);
    }
    return { found, truncated: false };
  }

  /** Errors: `invalid-input`, `server-unreachable`, `settings-invalid`; what cannot be read is listed in the report. */
  return async ({ to = new Date(), from, limit = DEFAULT_LIMIT }: PeriodOptions = {}): Promise<PeriodReport> => {
    const begin = from ?? new Date(to.getTime() - DEFAULT_DAYS * DAY_MS);
    if (begin >= to) {
      throw new RerailError('invalid-input', `from: ${begin.toISOString()} is not before ${to.toISOString()}`, {
        remedy: 'Give a from that is before to.',
        nonRetryable: true,
      });
    }
    const { found, truncated } = await find(begin, to, limit);
    const facts: Fact[] = [];
    const unread: PeriodReport['read']['unread'] = [];
    const waiting = [...found];
    const reader = async (): Promise<void> => {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        try {
          facts.push(await readFact(next.info, next.closeTime));
        } catch (thrown) {
          const error = translateError(thrown, next.info.workflowId);
          if (isRerailError(error) && OF_THE_SERVER.includes(error.code)) throw error;
          unread.push({ workflowId: next.info.workflowId, reason: error.message });
        }
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, reader));
    const recoveries = facts.filter((fact) => fact.kind === 'recovery');
    const drills = facts.filter((fact) => fact.kind === 'drill');
    return periodReportOf({ from: begin, to, recoveries, drills, truncated, unread }, new Date());
  };
}
