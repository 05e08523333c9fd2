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

/** Pairs of a playbook and a type of failure. */
const MOST_KEPT = 100;

/**
 * Where much breaks at once, many ask the same, and a server with ten thousand open recoveries needs seconds for each list:
 * one answer is for all who ask until it is so old.
 */
function keeping<Answer>(keepMs: number) {
  const kept = new Map<string, { at: number; answer: Promise<Answer> }>();
  return (key: string, ask: () => Promise<Answer>): Promise<Answer> => {
    if (keepMs === 0) return ask();
    const known = kept.get(key);
    if (known && performance.now() - known.at < keepMs) return known.answer;
    const answer = ask();
    // The newest last, so that the first is the oldest.
    kept.delete(key);
    kept.set(key, { at: performance.now(), answer });
    const [oldest = key] = kept.keys();
    if (kept.size > MOST_KEPT) kept.delete(oldest);
    answer.catch(() => kept.get(key)?.answer === answer && kept.delete(key));
    return answer;
  };
}

export interface KnowledgeOptions {
  /** For how long a prediction goes by what was read for another one. Default: not at all. */
  keepMs?: number;
}

/** What this engine's own history says, read from Visibility in lists and never row by row (design 4). */
export function createKnowledge(client: Client, { keepMs = 0 }: KnowledgeOptions = {}) {
  const keep = keeping<PastRecovery[]>(keepMs);

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
      return predict(await keep(conditions.join(), () => read(conditions, PREDICTION_LIMIT)), plan);
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
