import { asActivity } from '../support/as-activity.ts';
import { withHeartbeat } from '../support/with-heartbeat.ts';
import type { ProcessActivities, ProcessInput } from './create-process-activities.ts';

/** With the wire form of our errors, and a sign of life: a worker that is killed over one is missed soon. */
export const asHostProcesses = (processes: ProcessActivities) => ({
  startProcess: asActivity((input: ProcessInput) => withHeartbeat(() => processes.startProcess(input))),
  stopProcess: asActivity((input: ProcessInput) => withHeartbeat(() => processes.stopProcess(input))),
  restartProcess: asActivity((input: ProcessInput) => withHeartbeat(() => processes.restartProcess(input))),
  processStatus: asActivity((input: ProcessInput) => processes.processStatus(input)),
  verifyProcess: asActivity((input: ProcessInput) => withHeartbeat(() => processes.verifyProcess(input))),
});
