import type { HostRecordInput } from '../../src/workflows/host-record.ts';
import { hostRecordId, WORKFLOW_TYPES } from '../../src/domain/wire-names.ts';
import { until, type Harness } from '../support/harness.ts';

const BY = { by: 'ada', reason: 'a test' };
const WORKER = {
  version: '1',
  node: '20',
  git: '2',
  tmux: null,
  providers: [],
  replica: true,
  startedAt: '2026-01-01',
};

async function failOver({ recoveries: { hostRecords } }: Harness, name: string): Promise<void> {
  const failedOver = { to: 'heir', recovery: 'recovery/host/x/1' };
  const moved = [{ subject: 'a/b', checkpointId: 'cp_1', root: '/srv', backupId: 'cp_2' }];
  for (const state of ['begun', 'done'] as const)
    await hostRecords.change(name, { ...BY, type: 'failOver', failedOver: { ...failedOver, state }, moved });
}

export const HOST_PATHS: { name: string; play: (harness: Harness) => Promise<string> }[] = [
  {
    name: 'host-drained-failed-over-and-forgotten',
    async play(harness) {
      const { hostRecords } = harness.recoveries;
      const name = `away-${harness.host}`;
      await hostRecords.register(name, WORKER);
      await hostRecords.change(name, { ...BY, type: 'drain' });
      await hostRecords.change(name, { ...BY, type: 'undrain' });
      await failOver(harness, name);
      await hostRecords.change(name, { ...BY, type: 'takeBack' });
      await hostRecords.change(name, { ...BY, type: 'forget' });
      const workflowId = hostRecordId(name);
      await harness.client.workflow.getHandle(workflowId).result();
      return workflowId;
    },
  },
  {
    name: 'host-continued-as-new',
    async play(harness) {
      const { hostRecords } = harness.recoveries;
      const name = `busy-${harness.host}`;
      const input: HostRecordInput = { name, continueAfter: 2 };
      const handle = await harness.client.workflow.start(WORKFLOW_TYPES.hostRecord, {
        workflowId: hostRecordId(name),
        taskQueue: harness.taskQueue,
        args: [input],
      });
      await failOver(harness, name);
      const isNew = async (): Promise<boolean> => (await handle.describe()).runId !== handle.firstExecutionRunId;
      await until(isNew, 'a new history');
      await hostRecords.change(name, { ...BY, type: 'forget' });
      await harness.client.workflow.getHandle(handle.workflowId).result();
      return handle.workflowId;
    },
  },
];
