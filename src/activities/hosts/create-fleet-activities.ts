import { setTimeout as sleep } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import { isRerailError } from '../../domain/errors.ts';
import { FailOverInputSchema, HostNameSchema } from '../../domain/host.schema.ts';
import { parseInput } from '../../domain/parse-input.ts';
import { sha256 } from '../../process/digests.ts';
import { callOnce, type CallDeps } from '../notify.ts';
import { asActivity } from '../support/as-activity.ts';
import { withHeartbeat } from '../support/with-heartbeat.ts';
import { failOverHost, isBack, undoFailOver, type FailedOverHost } from './fail-over.ts';
import type { Fleet } from './fleet.ts';

export interface FleetDeps extends CallDeps {
  engine: { fleet: Fleet; startedAt: (workflowId: string, runId: string) => Promise<number> };
}

const LOOK_AGAIN_MS = 1000;

/** Of the recovery that asks. */
async function keysHere({ engine }: FleetDeps) {
  const { workflowId = '', runId = '' } = Context.current().info.workflowExecution ?? {};
  const execution = `${workflowId}/${runId}`;
  return {
    ...{ workflowId, runId, execution, startedAt: await engine.startedAt(workflowId, runId) },
    idOf: (words: string): string => `cp_${sha256(`${execution} ${words}`).slice(0, 26).toUpperCase()}`,
  };
}

/** What a failover could not move needs a person; the rest is recovered. */
async function callForLeft(host: string, { to, left }: FailedOverHost, deps: FleetDeps): Promise<void> {
  const { workflowId, runId, execution } = await keysHere(deps);
  const named = left.map(({ subject, reason }) => `${subject}: ${reason}`).join('; ');
  const target = workflowId.replace(/^recovery\//, '');
  await callOnce(
    {
      key: `${execution}/left`,
      to: ['oncall'],
      evidence: { host, to, left },
      subject: `${target} needs a person: not everything of host ${host} could be restored on ${to}: ${named}`,
      recovery: { workflowId, runId, target, key: `${execution}/left` },
    },
    deps,
  );
}

/** Heals of hosts that are lost (requirement 6.4); any worker does them. */
export const createFleetActivities = (deps: FleetDeps) => ({
  /** Waits until a worker of the host asks for work; its time-out bounds it. */
  awaitHost: asActivity((input: { host: string }) =>
    withHeartbeat(async () => {
      const host = parseInput(HostNameSchema, input.host, 'the host');
      const { startedAt } = await keysHere(deps);
      const { cancellationSignal } = Context.current();
      for (;;) {
        const found = await deps.engine.fleet.hosts.find(host).catch((error: unknown) => {
          if (isRerailError(error) && error.code === 'host-not-found') return undefined;
          throw error;
        });
        if (found && isBack(found, startedAt)) return { host, lastSeenAt: found.lastSeenAt };
        await sleep(LOOK_AGAIN_MS, undefined, { signal: cancellationSignal });
      }
    }),
  ),
  failOverHost: asActivity((input: unknown) =>
    withHeartbeat(async () => {
      const given = parseInput(FailOverInputSchema, input, 'The failover');
      const done = await failOverHost(given, deps.engine.fleet, await keysHere(deps));
      if (done.left.length > 0) await callForLeft(given.host, done, deps);
      return done;
    }),
  ),
  undoFailOver: asActivity((input: { host: string }) =>
    withHeartbeat(async () => {
      const host = parseInput(HostNameSchema, input.host, 'the host');
      return undoFailOver(host, deps.engine.fleet, await keysHere(deps));
    }),
  ),
});
