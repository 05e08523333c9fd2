import { describe, expect, it } from 'vitest';
import { DIGESTS } from '../../src/process/digests.ts';
import { signApproval, signatureRefusal, type ApproveInput, type SignedAnswer } from '../../src/domain/approval.ts';
import { failureOf, waitsFor } from '../support/broken-target.ts';
import { fakeCheckpoint } from '../support/fake-checkpoint.ts';
import { commandFailed, until } from '../support/harness.ts';
import { sharedHarness } from '../support/new-harness.ts';
import { head, PLAIN_RETRY } from '../support/playbook-text.ts';

const PLAYBOOKS = [
  head('roles', 'approval: {roles: [sre, lead], timeout: 1h}') + PLAIN_RETRY,
  head('two', 'approval: {required: 2, selfApproval: false, timeout: 1h}') + PLAIN_RETRY,
  head('signed', 'approval: {roles: [lead], authenticated: true, timeout: 1h}') + PLAIN_RETRY,
  head('rollback', 'approval: {timeout: 1h}') +
    '    - {id: rollback, type: rollback, to: latest}\n    - {id: stop, type: run, run: {activity: noop}}\n' +
    PLAIN_RETRY,
  head('gated') + '    - {id: rollback, type: rollback, to: latest, approval: {timeout: 1h}}\n' + PLAIN_RETRY,
].join('---\n');

const harness = sharedHarness(PLAYBOOKS);

const start = async (playbook: string, extra: object = {}) => {
  const { handle, runId } = await harness.recoveries.start(failureOf(harness, extra), { playbook });
  await waitsFor(handle, playbook === 'gated' ? 'approval:rollback' : 'approval');
  const plan = await handle.plan();
  return { handle, runId, planHash: plan!.hash };
};

const refused = (text: string) =>
  expect.objectContaining({ message: expect.stringContaining(text) as string }) as Error;
const effects = () =>
  harness.calls.filter((call) => !['makePlan', 'predictPlan', 'checkApproval', 'restoreCheckpoint'].includes(call));

describe('who may approve', () => {
  it('needs one of the roles, claimed in the answer', async () => {
    const { handle, planHash } = await start('roles');
    await expect(handle.approve({ planHash, by: 'ada' })).rejects.toEqual(refused('sre, lead'));
    await expect(handle.approve({ planHash, by: 'ada', roles: ['viewer'] })).rejects.toEqual(refused('sre, lead'));
    expect(effects()).toEqual([]);
    await handle.approve({ planHash, by: 'ada', roles: ['lead'] });
    const { approvals } = await handle.result();
    expect(approvals).toMatchObject([{ by: 'ada', roles: ['lead'], authenticated: false }]);
  });

  it('needs two persons, neither of them who reported it, however they spell themselves', async () => {
    const { handle, planHash } = await start('two', { source: { kind: 'cli', name: 'Eve' } });
    await expect(handle.approve({ planHash, by: ' eve' })).rejects.toEqual(refused('has reported this failure'));
    await handle.approve({ planHash, by: 'ada' });
    await expect(handle.approve({ planHash, by: 'ADA ' })).rejects.toEqual(refused('has approved already'));
    expect((await handle.status()).approval?.granted).toEqual(['ada']);
    expect(effects()).toEqual([]);
    await handle.approve({ planHash, by: 'bob' });
    expect(await handle.result()).toMatchObject({ status: 'recovered' });
  });

  it('counts two answers of one person at the same moment once', async () => {
    const { handle, planHash } = await start('two');
    const answers = await Promise.allSettled([1, 2, 3].map(() => handle.approve({ planHash, by: 'ada' })));
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect((await handle.status()).waitingFor?.key).toBe('approval');
    await handle.cancel();
  });

  it('may break the glass alone, with a reason that heads the report', async () => {
    const { handle, planHash } = await start('two', { source: { kind: 'cli', name: 'eve' } });
    await expect(handle.approve({ planHash, by: 'eve', breakGlass: true })).rejects.toEqual(refused('"reason"'));
    await handle.approve({ planHash, by: 'eve', breakGlass: true, reason: 'nobody else is awake' });
    const report = await handle.result();
    expect(report).toMatchObject({ status: 'recovered', approvals: [{ by: 'eve', breakGlass: true }] });
    expect(report.summary).toContain('the glass was broken');
  });
});

const KEY = 'k'.repeat(40);
const signed = (workflowId: string, runId: string, input: ApproveInput, key = KEY, now = new Date()) =>
  signApproval(input, { workflowId, runId, verdict: 'approved', key, now, ttlMs: 60_000 }, DIGESTS);

describe('an approval that has to be signed', () => {
  it('counts only with a signature that fits this recovery, this answer and this moment', async () => {
    harness.fakes['checkApproval'] = (answer: SignedAnswer) => ({
      refusal: signatureRefusal(answer, [KEY], new Date(), DIGESTS) ?? null,
    });
    const { handle, runId, planHash } = await start('signed');
    const answer = { planHash, by: 'ada', roles: ['lead'] };
    const sign = (input: ApproveInput, key?: string, now?: Date) => signed(handle.workflowId, runId, input, key, now);
    await expect(handle.approve(answer)).rejects.toEqual(refused('HTTP API'));
    await expect(handle.approve({ ...answer, breakGlass: true, reason: 'now' })).rejects.toEqual(refused('HTTP API'));
    await expect(handle.approve(sign(answer, 'x'.repeat(40)))).rejects.toEqual(refused('hold no key'));
    await expect(handle.approve({ ...sign(answer), by: 'eve' })).rejects.toEqual(refused('does not fit'));
    await expect(handle.approve(signed(handle.workflowId, 'other', answer))).rejects.toEqual(
      refused('another execution'),
    );
    await expect(handle.approve(signed('recovery/else', runId, answer))).rejects.toEqual(refused('does not fit'));
    await expect(handle.approve(sign(answer, KEY, new Date(0)))).rejects.toEqual(refused('was good until'));
    expect(effects()).toEqual([]);
    await handle.approve(sign(answer));
    expect((await handle.result()).approvals).toMatchObject([{ by: 'ada', authenticated: true }]);
  });

  it('is refused in the timeline when a signal carries a signature that does not fit', async () => {
    harness.fakes['checkApproval'] = () => ({ refusal: 'its signature does not fit what it says' });
    const { handle, runId, planHash } = await start('signed');
    await handle.signalApproval(signed(handle.workflowId, runId, { planHash, by: 'ada', roles: ['lead'] }));
    await until(async () => (await handle.timeline()).some(({ kind }) => kind === 'refused'), 'the refusal');
    expect((await handle.status()).waitingFor?.key).toBe('approval');
    await handle.cancel();
  });
});

describe('an approval of a rollback', () => {
  const dryRun = (hash: () => string) => {
    const changes = [{ path: 'a.txt', change: 'replace', type: 'file', size: 1 }];
    harness.checkpoints.push({ ...fakeCheckpoint('cp_00000000000000000000000001'), host: harness.host });
    harness.fakes['restoreCheckpoint'] = ({ options, backup }: { options?: { dryRun?: boolean }; backup: object }) => ({
      backup: options?.dryRun ? null : { ...fakeCheckpoint('cp_00000000000000000000BACKUP'), info: backup },
      result: {
        success: true,
        checkpointId: 'cp_00000000000000000000000001',
        manifestSha256: '0'.repeat(64),
        plan: { checkpointId: '', root: '/w', changes, changesTotal: 1, unchanged: 4, parts: [], hash: hash() },
        state: {},
        verified: { files: 5, mismatches: [] },
      },
    });
  };

  it('shows what would change, the point of no return and the time, and touches nothing before', async () => {
    dryRun(() => 'same');
    const { handle, planHash } = await start('rollback', { subject: 'run/x/1' });
    const { approval } = await handle.status();
    expect(approval).toMatchObject({
      pointOfNoReturn: 'stop',
      impact: { stateHash: 'same', rollbacks: [{ root: '/w', changesTotal: 1, changes: [{ path: 'a.txt' }] }] },
    });
    expect(approval?.estimatedDurationMs).toBeGreaterThan(0);
    await expect(handle.approve({ planHash, by: 'ada', stateHash: 'older' })).rejects.toEqual(refused('"stateHash"'));
    await handle.approve({ planHash, by: 'ada', stateHash: 'same' });
    expect(await handle.result()).toMatchObject({ status: 'recovered', approvals: [{ stateHash: 'same' }] });
  });

  it.each(['rollback', 'gated'])(
    'is void when the target has changed since, and is asked anew (%s)',
    async (playbook) => {
      let state = 'before';
      dryRun(() => state);
      const { handle, planHash } = await start(playbook, { subject: 'run/x/1' });
      state = 'after';
      await handle.approve({ planHash, by: 'ada' });
      await until(async () => (await handle.status()).approval?.impact?.stateHash === 'after', 'the second question');
      expect((await handle.status()).approval?.granted).toEqual([]);
      expect(effects()).toEqual([]);
      await handle.approve({ planHash, by: 'ada' });
      const report = await handle.result();
      expect(report.status).toBe('recovered');
      expect(report.approvals.map(({ voidedBy }) => voidedBy !== undefined)).toEqual([true, false]);
    },
  );

  it('says when the host cannot be asked', async () => {
    dryRun(() => 'same');
    harness.fakes['restoreCheckpoint'] = () => {
      throw commandFailed('the store is gone');
    };
    const { handle } = await start('gated', { subject: 'run/x/1' });
    expect((await handle.status()).approval?.impact?.unknown).toBe('the store is gone');
    await handle.cancel();
  });
});
