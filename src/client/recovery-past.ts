import type { Client } from '@temporalio/client';
import type { BrakeReadings } from '../domain/brakes.ts';
import { messageOf } from '../domain/errors.ts';
import { toMs } from '../domain/duration.ts';
import type { Plan } from '../domain/plan.ts';
import { WORKFLOW_TYPES } from '../domain/wire-names.ts';
import { SEARCH_ATTRIBUTES } from '../workflows/search-attributes.ts';
import { quote } from './recovery-list.ts';

/** As many past recoveries as are looked at for one target or playbook. */
const PAST_LIMIT = 500;
const HOUR_MS = 3_600_000;
/** How long a count of open recoveries is good for: a storm is not asked about a thousand times. */
const COUNT_MS = 1000;

const TYPE = `WorkflowType = ${quote(WORKFLOW_TYPES.recovery)}`;

/** What brakes go by, from Visibility, which lags behind by moments (design 4). */
export function createRecoveryPast(client: Client, clock: () => Date = () => new Date()) {
  let counted: { at: number; open: Promise<number> } | undefined;

  const list = async (query: string) => {
    const found = [];
    for await (const info of client.workflow.list({ query, pageSize: 200 })) {
      found.push(info);
      if (found.length >= PAST_LIMIT) break;
    }
    return found;
  };

  async function ofTarget({ target, limits }: Plan, runId: string, now: Date): Promise<BrakeReadings['ofTarget']> {
    const { perHour, flapWindow } = limits;
    if (perHour === undefined && flapWindow === undefined) return [];
    const hour = now.getTime() - HOUR_MS;
    const since = flapWindow === undefined ? hour : Math.min(hour, now.getTime() - toMs(flapWindow));
    // One that began long ago may have ended within the window.
    const when = `(StartTime > '${new Date(hour).toISOString()}' OR CloseTime > '${new Date(since).toISOString()}')`;
    const found = await list(`${TYPE} AND RerailTarget = ${quote(target)} AND ${when}`);
    return found
      .filter((info) => info.runId !== runId)
      .map(({ runId: past, startTime, closeTime, typedSearchAttributes: attributes }) => ({
        runId: past,
        status: attributes.get(SEARCH_ATTRIBUTES.status) ?? 'planning',
        failureType: attributes.get(SEARCH_ATTRIBUTES.failureType) ?? null,
        startedAt: startTime,
        ...(closeTime ? { closedAt: closeTime } : {}),
      }));
  }

  async function targetsOfPlaybook({ target, playbook, limits }: Plan, now: Date): Promise<number> {
    if (limits.maxTargets === undefined) return 0;
    const since = new Date(now.getTime() - HOUR_MS).toISOString();
    const found = await list(`${TYPE} AND RerailPlaybook = ${quote(playbook.name)} AND StartTime > '${since}'`);
    const targets = new Set(found.map((info) => info.typedSearchAttributes.get(SEARCH_ATTRIBUTES.target)));
    targets.delete(target);
    return targets.size;
  }

  function countOpen(now: Date): Promise<number> {
    if (counted && now.getTime() - counted.at < COUNT_MS) return counted.open;
    const open = client.workflow.count(`${TYPE} AND ExecutionStatus = 'Running'`).then(({ count }) => count);
    counted = { at: now.getTime(), open };
    open.catch(() => (counted = undefined));
    return open;
  }

  return {
    /** Never throws: what cannot be read is said, and a person decides then. */
    async read(plan: Plan, runId: string): Promise<BrakeReadings> {
      const now = clock();
      try {
        const [past, targets, open] = await Promise.all([
          ofTarget(plan, runId, now),
          targetsOfPlaybook(plan, now),
          countOpen(now),
        ]);
        // This recovery is open itself.
        return { now, ofTarget: past, targetsOfPlaybook: targets, open: Math.max(0, open - 1) };
      } catch (error) {
        return { now, ofTarget: [], targetsOfPlaybook: 0, unknown: messageOf(error) };
      }
    },
  };
}
