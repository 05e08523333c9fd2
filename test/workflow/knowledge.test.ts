import { expect, it } from 'vitest';
import { recoveryId } from '../../src/domain/wire-names.ts';
import { failTimes, failureOf, waitsFor } from '../support/broken-target.ts';
import { until } from '../support/harness.ts';
import { sharedHarness } from '../support/new-harness.ts';
import { ESCALATE, head, PLAIN_RETRY } from '../support/playbook-text.ts';

// A name of its own: the statistics of this server are of all suites.
const NAME = `known-${Math.random().toString(36).slice(2, 8)}`;
const harness = sharedHarness(
  head(NAME, 'mode: {low: auto, medium: propose}\n  confidence: 0.6') + PLAIN_RETRY + ESCALATE,
);

it('learns from closed recoveries, and tells an approver what to expect', async () => {
  const start = async (extra: object = {}) =>
    (await harness.recoveries.start(failureOf(harness, extra), { playbook: NAME })).handle;
  const { knowledge } = harness.recoveries;
  // What was broken on purpose is left out: the counts below are without it.
  const drilled = `drill/${harness.target}`;
  await (await start({ target: drilled })).result();
  const query = `WorkflowId = '${recoveryId(drilled)}' AND ExecutionStatus = 'Completed'`;
  await until(async () => (await harness.client.workflow.count(query)).count === 1, 'the drilled one in Visibility');
  failTimes(harness, 1);
  for (let count = 0; count < 5; count++) await (await start()).result();
  await until(async () => {
    const { groups } = await knowledge.statistics({ since: new Date(Date.now() - 600_000) });
    return groups.find(({ key }) => key === NAME)?.record.n === 5;
  }, 'the five in Visibility');
  const { groups } = await knowledge.statistics({ since: new Date(Date.now() - 600_000) });
  expect(groups.find(({ key }) => key === NAME)).toMatchObject({
    record: { n: 5, successRate: 0.8 },
    humanWait: { n: 5 },
  });
  const plan = (await (await start()).result()).plan!;
  // Five that have worked are needed for a time, and the first had not.
  await until(
    async () => (await knowledge.predict(plan)).actions['retry']?.time !== undefined,
    'the sixth in Visibility',
  );
  expect(await knowledge.predict(plan)).toMatchObject({
    plan: { successRate: expect.any(Number) as number },
    actions: { retry: { n: expect.any(Number) as number, time: { p50: expect.any(Number) as number } } },
  });
  const asked = await start({ category: 'SECURITY', type: 'unknown' });
  await waitsFor(asked, 'approval');
  const { risk, mode } = (await asked.plan()) ?? {};
  expect([risk, mode]).toEqual(['high', 'propose']);
  expect((await asked.status()).approval?.prediction?.plan.n).toBeGreaterThanOrEqual(5);
  await asked.cancel();
});
