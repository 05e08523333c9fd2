import { DIGESTS } from '../../src/process/digests.ts';
import { signApproval } from '../../src/domain/approval.ts';
import { SEARCH_ATTRIBUTES } from '../../src/workflows/search-attributes.ts';
import { failTimes, failureOf } from '../support/broken-target.ts';
import { fakeCheckpoint } from '../support/fake-checkpoint.ts';
import { commandFailed, until, type Harness } from '../support/harness.ts';
import { DRAIN, ESCALATE, head, PLAIN_RETRY } from '../support/playbook-text.ts';

const STEP = '    - {id: first, type: run, run: {command: [first]}}\n';

export const DECISION_PLAYBOOKS = [
  head('fails-over', 'failover: [takes-over]') + DRAIN + PLAIN_RETRY + ESCALATE,
  head('takes-over') + '    - {id: retry, type: retry}\n' + ESCALATE,
  head('editable') +
    '    - {id: open, type: run, run: {activity: checkConnectivity, input: {port: 1}}}\n' +
    PLAIN_RETRY,
  head('probed', 'verify: {probes: [{name: up, tcp: {port: 1}}], within: 1ms, holdFor: 1ms, every: 1ms}') +
    '    - {id: open, type: run, run: {activity: checkConnectivity}}\n',
  head('shown', 'approval: {timeout: 1h}') + '    - {id: rollback, type: rollback, to: latest}\n' + PLAIN_RETRY,
  head('signed', 'approval: {roles: [lead], authenticated: true, timeout: 1h}') + PLAIN_RETRY,
  head('goes-on', 'approval: {timeout: 1h}') + STEP + PLAIN_RETRY + ESCALATE,
].join('---\n');

async function start(harness: Harness, playbook: string, extra: object = {}) {
  const { handle } = await harness.recoveries.start(failureOf(harness, extra), { playbook });
  return handle;
}

type Handle = Awaited<ReturnType<typeof start>>;

/** By what lists show: without a cache, each query of a workflow replays it, and the next task may get lost over that. */
export const asks = ({ client }: Harness, { workflowId }: Handle, key: string, since?: Date) =>
  until(async () => {
    const { typedSearchAttributes: shown } = await client.workflow.getHandle(workflowId).describe();
    const at = shown.get(SEARCH_ATTRIBUTES.waitingSince);
    return shown.get(SEARCH_ATTRIBUTES.waitingFor) === key && at && (!since || at > since) && at;
  }, `the wait for ${key}`);

async function approve(handle: Handle): Promise<void> {
  await handle.approve({ planHash: (await handle.plan())!.hash, by: 'ada' });
}

/** Ways that answers of people, and plans after plans, can take a recovery. */
export const DECISION_PATHS: { name: string; play: (harness: Harness) => Promise<string> }[] = [
  {
    name: 'recovery-failed-over',
    async play(harness) {
      failTimes(harness, 1);
      const handle = await start(harness, 'fails-over');
      await handle.result();
      return handle.workflowId;
    },
  },
  {
    name: 'recovery-handed-over',
    async play(harness) {
      harness.fakes['checkConnectivity'] = () => {
        throw commandFailed('no');
      };
      const handle = await start(harness, 'editable');
      await asks(harness, handle, 'decision:open');
      const who = { actionId: 'open', by: 'ada', reason: 'not this way' };
      await handle.decide({ ...who, decision: 'handover', playbook: 'takes-over' });
      await handle.result();
      return handle.workflowId;
    },
  },
  {
    name: 'recovery-decided-with-another-input',
    async play(harness) {
      harness.fakes['checkConnectivity'] = ({ port }: { port: number }) => {
        if (port === 1) throw commandFailed('no');
        return null;
      };
      const handle = await start(harness, 'editable');
      await asks(harness, handle, 'decision:open');
      await handle.decide({ actionId: 'open', by: 'ada', reason: 'moved', decision: 'retry', input: { port: 2 } });
      await handle.result();
      return handle.workflowId;
    },
  },
  {
    name: 'recovery-approval-void-and-given-again',
    async play(harness) {
      let state = 'before';
      harness.checkpoints.push({ ...fakeCheckpoint('cp_00000000000000000000000001'), host: harness.host });
      harness.fakes['restoreCheckpoint'] = () => ({
        backup: null,
        result: {
          checkpointId: 'cp_00000000000000000000000001',
          manifestSha256: '0'.repeat(64),
          plan: { root: '/w', changes: [], changesTotal: 0, unchanged: 1, parts: [], hash: state },
          state: {},
          verified: { files: 1, mismatches: [] },
        },
      });
      const handle = await start(harness, 'shown', { subject: 'run/x/1' });
      const since = await asks(harness, handle, 'approval');
      state = 'after';
      await approve(handle);
      await asks(harness, handle, 'approval', since);
      await approve(handle);
      await handle.result();
      return handle.workflowId;
    },
  },
  {
    name: 'recovery-approved-with-a-signature',
    async play(harness) {
      const { handle, runId } = await harness.recoveries.start(failureOf(harness), { playbook: 'signed' });
      await asks(harness, handle, 'approval');
      const { workflowId } = handle;
      const terms = {
        workflowId,
        runId,
        verdict: 'approved' as const,
        key: 'k'.repeat(40),
        now: new Date(),
        ttlMs: 60_000,
      };
      const answer = { planHash: (await handle.plan())!.hash, by: 'ada', roles: ['lead'] };
      await handle.approve(signApproval(answer, terms, DIGESTS));
      await handle.result();
      return workflowId;
    },
  },
  {
    name: 'recovery-continued',
    async play(harness) {
      failTimes(harness, 0);
      harness.fakes['runCommand'] = ({ operation }: { operation: { argv: string[] } }) => {
        if (operation.argv[0] === 'npm') throw commandFailed();
        return { exitCode: 0, durationMs: 1 };
      };
      const first = await start(harness, 'goes-on');
      await asks(harness, first, 'approval');
      await approve(first);
      await first.result();
      failTimes(harness, 0);
      const again = await harness.recoveries.continueRecovery(harness.target, { by: 'ada', reason: 'mended' });
      await again.handle.result();
      return again.handle.workflowId;
    },
  },
  {
    name: 'recovery-ended-by-resolved-alert',
    async play(harness) {
      harness.fakes['checkConnectivity'] = () => {
        throw commandFailed('no');
      };
      const alert = { source: 'generic' as const, sender: 'ops', fingerprint: 'f1', title: 'it was down' };
      const handle = await start(harness, 'probed', {
        operation: undefined,
        source: { kind: 'alert', name: alert.sender },
        labels: { alertSource: alert.source, alertFingerprint: alert.fingerprint },
        occurredAt: '2026-01-01T00:00:00.000Z',
      });
      await asks(harness, handle, 'decision:open');
      const resolved = { ...alert, startsAt: '2026-01-01T00:00:00.000Z' };
      await harness.recoveries.noteResolved({ target: harness.target, alert: resolved, key: 'f1' });
      await handle.result();
      return handle.workflowId;
    },
  },
];
