import type { Client } from '@temporalio/client';
import { OutcomeMemoSchema } from '../domain/knowledge.schema.ts';
import { groupRecords, predict, trackRecordOf, type PastRecovery, type Prediction } from '../domain/knowledge.ts';
import type { Plan } from '../domain/plan.ts';
import { recoveryId, WORKFLOW_TYPES } from '../domain/wire-names.ts';
import { SEARCH_ATTRIBUTES } from '../workflows/search-attributes.ts';
import { listExecutions, verdictIn } from './list-executions.ts';
import { quote } from './recovery-list.ts';

export interface StatisticsOptions {
  /** Closed since then. Default: all that the namespace keeps. */
  since?: Date;
  by?: 'playbook' | 'failureType' | 'status';
  /** Of the newest. Default 1000. */
  limit?: number;
}

const DRILLED = recoveryId('drill/');

/** As many as a prediction looks at: the newest tell most. */
const PREDICTION_LIMIT = 200;

/** What this engine's own history says, read from Visibility in lists and never row by row (design 4). */
export function createKnowledge(client: Client) {
  function read(conditions: readonly string[], limit: number): Promise<PastRecovery[]> {
    const query = [`WorkflowType = ${quote(WORKFLOW_TYPES.recovery)}`, "ExecutionStatus != 'Running'", ...conditions];
    return listExecutions<PastRecovery>(client, {
      query: query.join(' AND '),
      limit,
      what: 'the past of recoveries',
      toRow(info) {
        const attributes = info.typedSearchAttributes;
        const outcome = OutcomeMemoSchema.safeParse(info.memo?.['outcome']);
        // What was broken on purpose says nothing of what breaks by itself.
        if (!info.closeTime || info.workflowId.startsWith(DRILLED)) return undefined;
        return {
          status: verdictIn(info),
          playbook: attributes.get(SEARCH_ATTRIBUTES.playbook) ?? null,
          failureType: attributes.get(SEARCH_ATTRIBUTES.failureType) ?? null,
          startedAt: info.startTime,
          closedAt: info.closeTime,
          ...(outcome.success ? { outcome: outcome.data } : {}),
        };
      },
    });
  }

  return {
    /** What is to be expected of a plan; figures are absent below five samples. */
    async predict(plan: Pick<Plan, 'failureType' | 'playbook' | 'confidence' | 'actions'>): Promise<Prediction> {
      const conditions = [
        `RerailPlaybook = ${quote(plan.playbook.name)}`,
        `RerailFailureType = ${quote(plan.failureType)}`,
      ];
      return predict(await read(conditions, PREDICTION_LIMIT), plan);
    },
    /** How recoveries have gone, as a whole and by what is asked for. */
    async statistics({ since, by = 'playbook', limit = 1000 }: StatisticsOptions = {}) {
      const past = await read(since ? [`CloseTime > '${since.toISOString()}'`] : [], limit);
      const keyOf = (recovery: PastRecovery): string => recovery[by] ?? 'none';
      return { all: trackRecordOf(past), read: past.length, groups: groupRecords(past, keyOf) };
    },
  };
}

export type Knowledge = ReturnType<typeof createKnowledge>;
