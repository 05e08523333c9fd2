import { randomUUID } from 'node:crypto';
import type { RecoveryHandle } from '../../src/client/recovery-handle.ts';
import { until } from '../../test/support/until.ts';
import type { Kind } from './kinds.ts';
import type { ScaleWorld } from './scale-world.ts';

/** What it waits for, from the server alone: no query that the worker would have to answer. */
async function waitsFor({ client }: ScaleWorld, { workflowId, runId }: RecoveryHandle): Promise<string | undefined> {
  const { searchAttributes } = await client.workflow.getHandle(workflowId, runId).describe();
  return searchAttributes['RerailWaitingFor']?.[0] as string | undefined;
}

export const startOne = async ({ recoveries }: ScaleWorld, kind: Kind): Promise<RecoveryHandle> => {
  const { handle } = await recoveries.start({
    target: `${kind.name}/${randomUUID()}`,
    message: 'it broke, as the bench wants it',
    operation: { kind: 'activity', name: 'noop' },
    ...kind.failure,
  });
  return handle;
};

const BY = { by: 'bench', reason: 'a measurement' };

/** As a person does it: a look at the plan, and the answer. */
export async function approve(handle: RecoveryHandle): Promise<void> {
  const plan = await handle.plan();
  if (!plan) throw new Error(`${handle.workflowId} has no plan`);
  await handle.approve({ planHash: plan.hash, ...BY });
}

async function answer(world: ScaleWorld, kind: Kind, handle: RecoveryHandle): Promise<void> {
  if (kind.answer === undefined) return;
  await until(() => waitsFor(world, handle), `${handle.workflowId} to wait`);
  if (kind.answer === 'approval') await approve(handle);
  else await handle.completeManualStep({ actionId: 'fix', by: BY.by });
}

export async function endOf(handle: RecoveryHandle, kind: Kind): Promise<void> {
  const { status, error } = await handle.result();
  if (status !== kind.ends)
    throw new Error(`${handle.workflowId} ended ${status}, not ${kind.ends}: ${error?.message ?? ''}`);
}

/** One recovery from report to report; its id and run. */
export async function recoverOne(world: ScaleWorld, kind: Kind): Promise<RecoveryHandle> {
  const handle = await startOne(world, kind);
  await answer(world, kind, handle);
  await endOf(handle, kind);
  return handle;
}
