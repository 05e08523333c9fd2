import { bulkId } from '../../src/domain/wire-names.ts';
import { until, type Harness } from '../support/harness.ts';

const BY = { by: 'ada', reason: 'a test' };

/** Executions that nobody took up and somebody has terminated; started again, they wait. */
async function terminated(harness: Harness, count: number): Promise<string> {
  const { client, host } = harness;
  for (let index = 0; index < count; index++) {
    const options = { taskQueue: `nobody-${host}`, workflowId: `lost-${host}-${index}` };
    await (await client.workflow.start('lost', options)).terminate('a test');
  }
  const query = `WorkflowId STARTS_WITH 'lost-${host}-' AND ExecutionStatus = 'Terminated'`;
  await until(async () => (await client.workflow.count(query)).count === count, 'the list');
  return query;
}

async function play(harness: Harness, extra: object, meanwhile?: (name: string) => Promise<unknown>): Promise<string> {
  const { client, taskQueue, host, recoveries } = harness;
  const query = await terminated(harness, 3);
  const name = `bulk-${host}`;
  const input = {
    name,
    query,
    how: 'restart',
    maxConcurrent: 2,
    ratePerMinute: 6000,
    maxErrors: '20%',
    watchFor: '1ms',
  };
  const more = { maxFailures: 3, dryRun: false, ...BY, ...extra };
  await client.workflow.start('bulkRecovery', { taskQueue, workflowId: bulkId(name), args: [{ ...input, ...more }] });
  await meanwhile?.(name);
  await recoveries.bulks.result(name);
  // They would wait for ever.
  for (let index = 0; index < 3; index++)
    await client.workflow
      .getHandle(`lost-${host}-${index}`)
      .terminate('end of the test')
      .catch(() => undefined);
  return bulkId(name);
}

export const BULK_PATHS: { name: string; play: (harness: Harness) => Promise<string> }[] = [
  { name: 'bulk-dry-run', play: (harness) => play(harness, { dryRun: true }) },
  { name: 'bulk-restarted', play: (harness) => play(harness, {}) },
  { name: 'bulk-begun-anew', play: (harness) => play(harness, { continueAfter: 2 }) },
  { name: 'bulk-with-breaker', play: (harness) => play(harness, { breaker: `bulk-${harness.host}` }) },
  {
    name: 'bulk-paused-resumed-stopped',
    play: (harness) =>
      play(harness, { ratePerMinute: 1 }, async (name) => {
        const { bulks } = harness.recoveries;
        await until(async () => (await bulks.progress(name)).counts.running === 1, 'the first');
        await bulks.pause(name, BY);
        await bulks.resume(name, BY);
        await bulks.stop(name, BY);
      }),
  },
];
