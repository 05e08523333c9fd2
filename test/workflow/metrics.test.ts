import { beforeEach, describe, expect, it } from 'vitest';
import type { ClosedRecovery } from '../../src/domain/closed-recovery.ts';
import { readWaiting } from '../../src/client/waiting-recoveries.ts';
import { failTimes, failureOf, waitsFor } from '../support/broken-target.ts';
import { until } from '../support/harness.ts';
import { sharedHarness } from '../support/new-harness.ts';
import { ESCALATE, FIX, head, PLAIN_RETRY, RETRY } from '../support/playbook-text.ts';

const PLAYBOOKS = [head('retry') + RETRY + ESCALATE, head('manual') + FIX + PLAIN_RETRY].join('---\n');

const counted: ClosedRecovery[] = [];
const sinks = {
  rerail: {
    recoveryClosed: {
      fn: (_workflow: unknown, closed: ClosedRecovery) => void counted.push(closed),
      callDuringReplay: false,
    },
  },
};

beforeEach(() => {
  counted.length = 0;
});

// Without a cache every workflow task replays all that was before it.
describe.each([
  ['a worker that keeps workflows', {}],
  ['a worker that replays each task', { maxCachedWorkflows: 0 }],
])('%s', (_what, more) => {
  const harness = sharedHarness(PLAYBOOKS, { sinks, ...more });

  it('counts a recovery once, with its actions and times, and a query after it not at all', async () => {
    failTimes(harness, 1);
    const { handle } = await harness.recoveries.start(failureOf(harness), { playbook: 'retry' });
    const report = await handle.result();
    await handle.status();
    expect(counted).toEqual([
      {
        status: 'recovered',
        failureType: report.classification?.type,
        playbook: 'retry',
        severity: report.classification?.severity,
        ttrMs: report.durations.ttrMs,
        humanWaitMs: 0,
        actions: [{ type: 'retry', outcome: 'succeeded', attempts: 2, durationMs: report.actions[0]?.durationMs }],
      },
    ]);
  });
});

describe('recoveries that wait', () => {
  const harness = sharedHarness(PLAYBOOKS);

  it('are found by what they wait for, without the name of the action', async () => {
    const { handle } = await harness.recoveries.start(failureOf(harness), { playbook: 'manual' });
    await waitsFor(handle, 'manual:fix');
    const ofManual = async () => (await readWaiting(harness.client)).find(({ waitingFor }) => waitingFor === 'manual');
    // Other suites wait on the same server.
    const found = await until(ofManual, 'the wait in Visibility');
    expect(found.count).toBeGreaterThan(0);
    expect(found.oldestSince).toBeLessThan(Date.now());
    await handle.cancel();
    await handle.result();
  });
});
