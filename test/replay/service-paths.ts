import { createHash } from 'node:crypto';
import { FailureSchema } from '../../src/domain/failure.schema.ts';
import { recoveryId, serviceStateId, WORKFLOW_TYPES } from '../../src/domain/wire-names.ts';
import { makePlan } from '../../src/planner/make-plan.ts';
import type { serviceState } from '../../src/workflows/service-state.ts';
import type { SharedActivities } from '../../src/activities/index.ts';
import { parsePlaybooks } from '../support/parse-playbooks.ts';
import { until, type Harness } from '../support/harness.ts';

const BY = { by: 'ada', reason: 'a test' };

const PLAYBOOK = `apiVersion: rerail/v1
kind: Playbook
metadata: {name: with-component}
spec:
  match: [{code: DEGRADED}]
  actions:
    - {id: ask, type: manual, title: Mend it, timeout: 1h}
    - {id: escalate, type: escalate}
`;

/** The target as the name of a component. */
export const componentOf = (target: string): string => target.replace('/', '-');

/** Plans of this target are made for a component that is shown as degraded while it is recovered. */
export function planWithComponent(harness: Harness): void {
  const { target, host, fakes } = harness;
  const spec = { dependsOn: [], probes: [], procedures: {}, target, degradedWhileRecovering: true };
  fakes['makePlan'] = (input: Parameters<SharedActivities['makePlan']>[0]) =>
    makePlan({
      ...input,
      failure: FailureSchema.parse(input.failure),
      playbooks: parsePlaybooks(PLAYBOOK),
      components: [{ name: componentOf(target), file: 'components.yaml', spec }],
      checkpoints: [],
      defaultHost: host,
      id: 'plan_1',
      now: '2026-01-01T00:00:00.000Z',
      sha256: (text: string) => createHash('sha256').update(text).digest('hex'),
    });
}

export const SERVICE_PATHS: { name: string; play: (harness: Harness) => Promise<string> }[] = [
  {
    name: 'recovery-of-a-degraded-service-cancelled',
    async play(harness) {
      const { recoveries, target } = harness;
      planWithComponent(harness);
      const { handle } = await recoveries.start({ target, message: 'it fails', code: 'DEGRADED' });
      const name = componentOf(target);
      await until(async () => (await handle.status()).status === 'awaiting_operator', 'the manual step');
      await until(async () => (await recoveries.services.status(name)).degraded, 'the degradation');
      await handle.cancel();
      await handle.result();
      return recoveryId(target);
    },
  },
  {
    name: 'service-state-changed-and-lapsed',
    async play({ recoveries, target }) {
      const { services } = recoveries;
      const name = componentOf(target);
      await services.degrade(name, { ...BY, until: new Date(Date.now() + 50).toISOString() });
      await until(async () => !(await services.status(name)).degraded, 'the end of it');
      await services.holdOperation(name, { id: 'one', statement: 'note' });
      await services.change(name, {
        ...{ id: 'slow', type: 'throttle', ...BY },
        type: 'throttle',
        rate: { perSecond: 10, factor: 0.5, quietPeriod: '1ms' },
      });
      await until(async () => (await services.status(name)).ratePerSecond === 10, 'the full rate');
      await services.dropHeld(name, ['one']);
      await services.restore(name, BY);
      return serviceStateId(name);
    },
  },
  {
    name: 'service-state-continued-as-new',
    async play({ client, recoveries, target, taskQueue }) {
      const name = componentOf(target);
      const handle = await client.workflow.start<typeof serviceState>(WORKFLOW_TYPES.serviceState, {
        workflowId: serviceStateId(name),
        taskQueue,
        args: [{ name, continueAfter: 2 }],
      });
      await recoveries.services.degrade(name, BY);
      await recoveries.services.degrade(name, { ...BY, reason: 'still' });
      await until(async () => (await handle.describe()).runId !== handle.firstExecutionRunId, 'a new history');
      await recoveries.services.restore(name, BY);
      return serviceStateId(name);
    },
  },
];
