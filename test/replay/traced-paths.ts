import { Client, type WorkflowStartInput } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import { createRecoveryClient } from '../../src/client/recovery-client.ts';
import { failTimes, failureOf, waitsFor } from '../support/broken-target.ts';
import { until, type Harness } from '../support/harness.ts';

const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const TRACE = { '_tracer-data': defaultPayloadConverter.toPayload({ traceparent: TRACEPARENT }) };

/** A client as one that traces: what it starts carries a trace. */
function tracingClient({ client, taskQueue }: Harness) {
  const carry = <In extends WorkflowStartInput>(input: In): In => ({
    ...input,
    headers: { ...input.headers, ...TRACE },
  });
  const traced = new Client({
    connection: client.connection,
    interceptors: {
      workflow: [
        {
          start: (input, next) => next(carry(input)),
          startWithDetails: (input, next) => next(carry(input)),
        },
      ],
    },
  });
  return createRecoveryClient({ client: traced, taskQueue });
}

export const TRACED_PATHS: { name: string; play: (harness: Harness) => Promise<string> }[] = [
  {
    name: 'recovery-traced',
    async play(harness) {
      failTimes(harness, 1);
      const { handle } = await tracingClient(harness).start(failureOf(harness), { playbook: 'manual' });
      await waitsFor(handle, 'manual:fix');
      await handle.pause({ by: 'ada', reason: 'coffee' });
      await handle.completeManualStep({ actionId: 'fix', by: 'ada' });
      await until(async () => (await handle.status()).status === 'paused', 'the pause');
      await handle.resume({ by: 'ada', reason: 'back' });
      await handle.result();
      return handle.workflowId;
    },
  },
];
