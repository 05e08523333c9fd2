import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { DrillInputSchema, type ListedDrill } from '../domain/drill.schema.ts';
import type { DrillProof } from '../domain/drill-mark.ts';
import type { DrillFacts, DrillInput, DrillReport } from '../domain/drill.ts';
import { RerailError } from '../domain/errors.ts';
import { parseInput } from '../domain/parse-input.ts';
import { drillId, timeInId, WORKFLOW_TYPES } from '../domain/wire-names.ts';
import type { drill } from '../workflows/drill.ts';
import { drillReportQuery } from '../workflows/messages.ts';
import { SEARCH_ATTRIBUTES } from '../workflows/search-attributes.ts';
import { listProofs } from './drill-proofs.ts';
import { translateError } from './errors.ts';
import { listExecutions, verdictIn } from './list-executions.ts';

interface Outcome {
  ttrMs?: number | null;
  humanWaitMs?: number;
  itemsLost?: number;
}

const notFound = (workflowId: string, cause: unknown): RerailError =>
  new RerailError('drill-not-found', `there is no open or kept ${workflowId}`, {
    remedy: 'List them with `rerail drill list`.',
    cause,
    nonRetryable: true,
  });

/** Drills, each run a workflow `drill/<name>/<time>` (requirement 7.1). */
export function createDrills(client: Client, taskQueue: string) {
  const guarded = async <T>(workflowId: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) throw notFound(workflowId, error);
      throw translateError(error, workflowId);
    }
  };
  const handle = (id: string) => {
    const workflowId = id.startsWith('drill/') ? id : `drill/${id}`;
    const workflow = client.workflow.getHandle<typeof drill>(workflowId);
    return {
      workflowId,
      isOpen: async (): Promise<boolean> =>
        (await guarded(workflowId, () => workflow.describe())).status.name === 'RUNNING',
      /** What it has seen so far. */
      facts: (): Promise<DrillFacts> => guarded(workflowId, () => workflow.query(drillReportQuery)),
      /** Waits for the end. */
      result: (): Promise<DrillReport> => guarded(workflowId, () => workflow.result()),
      /** Takes back the fault and the recovery. Answers when the request is taken. */
      cancel: async (): Promise<void> => {
        await guarded(workflowId, () => workflow.cancel());
      },
    };
  };

  return {
    handle,
    /** Which playbooks have passed drills, newest first. Throws `server-unreachable`. */
    proofs: (): Promise<DrillProof[]> => listProofs(client),
    /** From Visibility, newest first. */
    async list({ limit = 50, name }: { limit?: number; name?: string } = {}): Promise<ListedDrill[]> {
      const ofName =
        name === undefined ? '' : ` AND ${SEARCH_ATTRIBUTES.target.name} = 'drill/${name.replaceAll("'", '')}'`;
      const query = `WorkflowType = '${WORKFLOW_TYPES.drill}'${ofName}`;
      return listExecutions<ListedDrill>(client, {
        query,
        limit,
        what: 'the list of drills',
        toRow(info) {
          const { ttrMs = null, humanWaitMs = null, itemsLost = null } = (info.memo?.['outcome'] ?? {}) as Outcome;
          return {
            workflowId: info.workflowId,
            name: info.workflowId.split('/')[1] ?? '',
            verdict: verdictIn(info),
            playbook: info.typedSearchAttributes.get(SEARCH_ATTRIBUTES.playbook) ?? null,
            ttrMs,
            humanWaitMs,
            itemsLost,
            startedAt: info.startTime.toISOString(),
            closedAt: info.closeTime?.toISOString() ?? null,
          };
        },
      });
    },
    /** Breaks something for real in a sandbox on that host. Throws `invalid-input`, `server-unreachable`. */
    async start(given: DrillInput, now: Date = new Date()) {
      const input = parseInput(DrillInputSchema, given, 'the drill');
      const workflowId = drillId(input.name, timeInId(now));
      await guarded(workflowId, () =>
        client.workflow.start<typeof drill>(WORKFLOW_TYPES.drill, {
          workflowId,
          taskQueue,
          args: [input],
          typedSearchAttributes: [{ key: SEARCH_ATTRIBUTES.target, value: `drill/${input.name}` }],
          staticSummary: `drill ${input.name} on ${input.host}`.slice(0, 190),
        }),
      );
      return handle(workflowId);
    },
  };
}

export type Drills = ReturnType<typeof createDrills>;
export type DrillHandle = ReturnType<Drills['handle']>;
