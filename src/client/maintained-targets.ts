import type { Client } from '@temporalio/client';
import { isRerailError } from '../domain/errors.ts';
import type { MonitorHealth } from '../domain/monitor.ts';
import { WORKFLOW_TYPES } from '../domain/wire-names.ts';
import { listExecutions } from './list-executions.ts';

export interface MaintainedTarget {
  target: string;
  monitor: string;
  until: string;
  by: string;
  reason: string;
}

/** Monitors that hold something are found by their memo; each of them is asked what. One that has ended meanwhile holds nothing. */
export async function readMaintained(
  client: Client,
  healthOf: (monitor: string) => Promise<MonitorHealth>,
): Promise<MaintainedTarget[]> {
  const query = `WorkflowType = '${WORKFLOW_TYPES.healthMonitor}' AND ExecutionStatus = 'Running'`;
  const holding = await listExecutions(client, {
    query,
    what: 'the list of monitors',
    toRow: ({ workflowId, memo }) =>
      Number(memo?.['maintenance'] ?? 0) > 0 ? workflowId.replace(/^monitor\//, '') : undefined,
  });
  const healths = await Promise.all(
    holding.map((name) =>
      healthOf(name).catch((error: unknown) => {
        if (isRerailError(error) && error.code === 'monitor-not-found') return undefined;
        throw error;
      }),
    ),
  );
  return healths.flatMap((health) =>
    (health?.targets ?? []).flatMap(({ target, maintenance }) =>
      health && maintenance && Date.parse(maintenance.until) > Date.now()
        ? [{ target, monitor: health.name, ...maintenance }]
        : [],
    ),
  );
}
