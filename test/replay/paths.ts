import { PipelineSchema } from '../../src/domain/pipeline.schema.ts';
import type { CheckpointRecord } from '../../src/domain/checkpoint.ts';
import { breakerId, storeCareId } from '../../src/domain/wire-names.ts';
import { failTimes, failTimesAndProbes, failureOf, waitsFor } from '../support/broken-target.ts';
import { PIPELINE_PATHS } from './pipeline-paths.ts';
import { BULK_PATHS } from './bulk-paths.ts';
import { asks, DECISION_PATHS, DECISION_PLAYBOOKS } from './decision-paths.ts';
import { DRILL_PATHS } from './drill-paths.ts';
import { HOST_PATHS } from './host-paths.ts';
import { SERVICE_PATHS } from './service-paths.ts';
import { MONITOR_PATHS } from './monitor-paths.ts';
import { NOTIFICATION_PATHS } from './notification-paths.ts';
import { TRACED_PATHS } from './traced-paths.ts';
import { TRANSACTION_PATHS } from './transaction-paths.ts';
import { fakeCheckpoint } from '../support/fake-checkpoint.ts';
import { commandFailed, until, type Harness } from '../support/harness.ts';
import { DRAIN, ESCALATE, FIX, head, PLAIN_RETRY, RETRY } from '../support/playbook-text.ts';

const guarded = (more: string, timeout = '20s') =>
  `    - {id: again, type: retry, breaker: "{{ failure.labels.breaker }}", timeout: ${timeout}, ${more}}\n`;

export const PLAYBOOKS = [
  head('retry', 'verify: {probes: [{name: up, tcp: {port: 1}}], within: 1ms, holdFor: 2ms, every: 1ms}') +
    RETRY +
    ESCALATE,
  head('skip') + RETRY + '    - {id: skip, type: skip}\n' + ESCALATE,
  head('skip-in-vain', 'verify: {probes: [{name: up, tcp: {port: 1}}], within: 10m, holdFor: 1ms, every: 1m}') +
    '    - {id: skip, type: skip}\n' +
    PLAIN_RETRY +
    ESCALATE,
  head('rollback') +
    RETRY +
    '    - {id: rollback, type: rollback, to: latest}\n    - {id: again, type: retry}\n' +
    ESCALATE,
  head('resume') + '    - {id: resume, type: resume}\n' + ESCALATE,
  head('approval', 'approval: {timeout: 1h}') + RETRY,
  head('hasty-approval', 'approval: {timeout: 1ms}') + RETRY,
  head('manual') + '    - {id: settle, type: wait, for: 1ms}\n' + FIX + PLAIN_RETRY,
  head('compensated') + DRAIN + RETRY + ESCALATE,
  head('required-run') + '    - {id: broken, type: run, run: {activity: checkConnectivity}}\n' + RETRY,
  head('abort') + '    - {id: abort, type: abort}\n' + ESCALATE,
  head('deadline', 'limits: {deadline: 30ms}') + DRAIN + FIX,
  DECISION_PLAYBOOKS,
  head('breaker') + guarded('retry: {maximumAttempts: 2, initialInterval: 1ms, strategy: adaptive}') + ESCALATE,
  head('breaker-shut') + guarded('fallback: {command: [serve, cached]}', '1ms') + ESCALATE,
].join('---\n');

const CHECKPOINT = 'cp_00000000000000000000000001';
const listedId = (index: number): string => `cp_0000000000000000000000001${index}`;

async function start(harness: Harness, playbook: string, extra: object = {}) {
  const { handle } = await harness.recoveries.start(failureOf(harness, extra), { playbook });
  return handle;
}

const pipeline = PipelineSchema.parse({
  apiVersion: 'rerail/v1',
  kind: 'Pipeline',
  metadata: { name: 'two-steps' },
  spec: {
    phases: [
      { name: 'build', steps: [{ name: 'compile', run: ['make'] }] },
      {
        name: 'ship',
        steps: [
          { name: 'deploy', run: ['ship'], compensate: ['unship'] },
          { name: 'smoke', run: ['look'], agent: 'looker' },
        ],
      },
    ],
  },
});

const startRun = ({ host, target, recoveries }: Harness, playbook: string) =>
  recoveries.runs.start({
    pipeline: { ...pipeline, spec: { ...pipeline.spec, target } },
    workspace: '/w',
    host,
    key: 'k',
    playbook,
  });

async function run(harness: Harness, playbook: string): Promise<string> {
  const handle = await startRun(harness, playbook);
  await handle.result();
  return handle.workflowId;
}

const BY = { by: 'ada', reason: 'a test' };
const FIVE_FAILURES = Array.from({ length: 5 }, () => ({ ok: false, durationMs: 1 }));

/** Opens the breaker of the harness's host, until the wait is over. */
async function openBreaker(harness: Harness, waitDurationInOpenState: '1ms' | '300ms' | '1h'): Promise<string> {
  const { breakers } = harness.recoveries;
  const name = `db-${harness.host}`;
  await breakers.configure(name, { ...BY, settings: { waitDurationInOpenState } });
  await breakers.report(name, { id: 'r1', by: 'a', generation: 1, results: FIVE_FAILURES });
  return name;
}

/** Records in a ledger of the harness's host, which the care of a store finds. */
async function fillLedger(harness: Harness, states: CheckpointRecord['state'][]): Promise<string> {
  const { checkpoints } = harness.recoveries;
  const subject = `workspace/${harness.host}`;
  for (const [index, state] of states.entries()) {
    const record = fakeCheckpoint(listedId(index), { subject, type: 'auto' }, { host: harness.host, state });
    await checkpoints.add({ ...record, createdAt: `2026-01-01T00:00:0${index}.000Z` });
  }
  await until(async () => (await checkpoints.subjects()).includes(subject), 'the ledger in the list');
  harness.fakes['listStored'] = () =>
    states.map((_, index) => ({ id: listedId(index), subject, createdAt: '2026-01-01T00:00:00.000Z' }));
  return subject;
}

function failStep(harness: Harness, word: string, times: number): void {
  let left = times;
  harness.fakes['runCommand'] = ({ operation }: { operation: { argv: string[] } }) => {
    if (operation.argv[0] === word && left-- > 0) throw commandFailed(`${word} failed`);
    return { exitCode: 0, durationMs: 1, output: { [operation.argv[0] ?? '']: true } };
  };
}

export interface Path {
  name: string;
  /** Goes it, and returns the id of the workflow whose history is kept. */
  play: (harness: Harness) => Promise<string>;
}

/** One for each way a workflow can go. */
export const PATHS: Path[] = [
  {
    name: 'recovery-recovered-by-retry',
    async play(harness) {
      failTimes(harness, 2);
      const handle = await start(harness, 'retry');
      await handle.result();
      return handle.workflowId;
    },
  },
  {
    name: 'recovery-rolled-back',
    async play(harness) {
      failTimes(harness, 3);
      harness.checkpoints.push({ ...fakeCheckpoint(CHECKPOINT), host: harness.host });
      const handle = await start(harness, 'rollback', { subject: 'run/x/1' });
      await handle.result();
      return handle.workflowId;
    },
  },
  {
    name: 'recovery-resumed',
    async play(harness) {
      harness.checkpoints.push({ ...fakeCheckpoint(CHECKPOINT), host: harness.host });
      const handle = await start(harness, 'resume', { subject: 'run/x/1' });
      await handle.result();
      return handle.workflowId;
    },
  },
  {
    name: 'recovery-skipped',
    async play(harness) {
      failTimes(harness, 99);
      const handle = await start(harness, 'skip');
      await handle.result();
      return handle.workflowId;
    },
  },
  {
    name: 'recovery-skipped-in-vain',
    async play(harness) {
      failTimesAndProbes(harness, 0);
      const handle = await start(harness, 'skip-in-vain');
      await handle.result();
      return handle.workflowId;
    },
  },
  {
    name: 'recovery-approved',
    async play(harness) {
      const handle = await start(harness, 'approval');
      await waitsFor(handle, 'approval');
      await handle.approve({ planHash: (await handle.plan())!.hash, by: 'ada', reason: 'looks right' });
      await handle.result();
      return handle.workflowId;
    },
  },
  {
    name: 'recovery-denied',
    async play(harness) {
      const handle = await start(harness, 'approval');
      await waitsFor(handle, 'approval');
      await handle.signalDenial({ planHash: (await handle.plan())!.hash, by: 'ada', reason: 'not at night' });
      await handle.result();
      return handle.workflowId;
    },
  },
  {
    name: 'recovery-approval-timed-out',
    async play(harness) {
      const handle = await start(harness, 'hasty-approval');
      await handle.result();
      return handle.workflowId;
    },
  },
  {
    name: 'recovery-escalated',
    async play(harness) {
      failTimes(harness, 99);
      const handle = await start(harness, 'compensated');
      await handle.result();
      return handle.workflowId;
    },
  },
  {
    name: 'recovery-aborted',
    async play(harness) {
      const handle = await start(harness, 'abort');
      await handle.result();
      return handle.workflowId;
    },
  },
  {
    name: 'recovery-cancelled-in-the-middle',
    async play(harness) {
      let release: (value: unknown) => void = () => undefined;
      harness.fakes['runCommand'] = () => new Promise((resolve) => (release = resolve));
      const handle = await start(harness, 'compensated');
      await until(() => Promise.resolve(harness.calls.includes('runCommand npm test')), 'the retry');
      await handle.cancel();
      await handle.result();
      release({ exitCode: 0, durationMs: 1 });
      return handle.workflowId;
    },
  },
  {
    name: 'recovery-compensation-failed',
    async play(harness) {
      failTimes(harness, 99);
      harness.fakes['checkConnectivity'] = () => {
        throw commandFailed('the undo broke');
      };
      const handle = await start(harness, 'compensated');
      await asks(harness, handle, 'decision:drain');
      await handle.decide({ decision: 'skip', actionId: 'drain', by: 'ada', reason: 'by hand' });
      await handle.result();
      return handle.workflowId;
    },
  },
  {
    name: 'recovery-manual-paused-resumed-joined',
    async play(harness) {
      const handle = await start(harness, 'manual');
      await waitsFor(handle, 'manual:fix');
      await start(harness, 'manual', { message: 'and again' });
      await handle.pause({ by: 'ada', reason: 'freeze' });
      await handle.completeManualStep({ actionId: 'fix', by: 'ada' });
      await until(async () => (await handle.status()).status === 'paused', 'the pause');
      await handle.resume({ by: 'ada', reason: 'over' });
      await handle.result();
      return handle.workflowId;
    },
  },
  {
    name: 'recovery-parked-and-decided',
    async play(harness) {
      harness.fakes['checkConnectivity'] = () => {
        throw commandFailed('no');
      };
      const handle = await start(harness, 'required-run');
      await waitsFor(handle, 'decision:broken');
      await handle.decide({
        decision: 'supply',
        actionId: 'broken',
        by: 'ada',
        reason: 'seen',
        output: { fine: true },
      });
      await handle.result();
      return handle.workflowId;
    },
  },
  {
    name: 'recovery-deadline',
    async play(harness) {
      const handle = await start(harness, 'deadline');
      await handle.result();
      return handle.workflowId;
    },
  },
  ...BULK_PATHS,
  ...DECISION_PATHS,
  ...PIPELINE_PATHS,
  ...TRANSACTION_PATHS,
  ...DRILL_PATHS,
  ...TRACED_PATHS,
  ...MONITOR_PATHS,
  ...HOST_PATHS,
  ...SERVICE_PATHS,
  ...NOTIFICATION_PATHS,
  { name: 'run-succeeded', play: (harness) => run(harness, 'retry') },
  {
    name: 'run-recovered',
    play(harness) {
      failStep(harness, 'look', 2);
      return run(harness, 'retry');
    },
  },
  {
    name: 'run-rolled-back-and-run-again',
    play(harness) {
      failStep(harness, 'look', 4);
      return run(harness, 'rollback');
    },
  },
  {
    name: 'run-stopped-with-compensation',
    play(harness) {
      failStep(harness, 'look', 99);
      return run(harness, 'retry');
    },
  },
  {
    name: 'ledger',
    async play(harness) {
      const { checkpoints } = harness.recoveries;
      const subject = `workspace/${harness.host}`;
      const input = { name: 'one', type: 'manual' as const, host: harness.host, root: '/w' };
      const first = await checkpoints.create(subject, input);
      const second = await checkpoints.create(subject, { ...input, name: 'two' });
      await checkpoints.restore(subject, first.info.id, 'ada');
      await checkpoints.verify(subject, first.info.id, 'full');
      await checkpoints.invalidate(subject, first.info.id, 'no longer wanted');
      await checkpoints.delete(subject, second.info.id);
      await checkpoints.cleanup(subject, { keepLast: 0 }, false);
      return `ledger/${subject}`;
    },
  },
  {
    name: 'run-cancelled-with-its-recovery',
    async play(harness) {
      failStep(harness, 'look', 99);
      const handle = await startRun(harness, 'manual');
      const recovery = harness.recoveries.getHandle(harness.target);
      await until(async () => (await handle.status()).status === 'recovering', 'the recovery');
      await waitsFor(recovery, 'manual:fix');
      await handle.cancel();
      await handle.result();
      return handle.workflowId;
    },
  },
  {
    name: 'store-care-that-finds-nothing',
    async play(harness) {
      await fillLedger(harness, ['complete']);
      await harness.recoveries.storeCare.run({ host: harness.host, retention: null });
      return storeCareId(harness.host);
    },
  },
  {
    name: 'store-care-that-repairs',
    async play(harness) {
      const [lost, orphan] = [listedId(0), listedId(9)];
      const subject = await fillLedger(harness, ['complete', 'corrupt', 'complete']);
      const { fakes, recoveries, host } = harness;
      const problem = { checkpointId: lost, item: 'src/a', problem: 'it is missing' };
      const createdAt = '2026-01-01T00:00:00.000Z';
      const replica = { key: 'k', sha256: '0'.repeat(64), size: 3, replicatedAt: createdAt };
      fakes['checkStore'] = () => ({
        problems: [{ checkpointId: '', item: 'pack-1', problem: 'damaged' }, problem],
        verifiedAt: createdAt,
      });
      fakes['repairStore'] = () => ({
        quarantined: [{ name: 'pack-1', problem: 'damaged', lostObjects: 1 }],
        problems: [problem],
      });
      fakes['listStored'] = () => [lost, listedId(1), orphan].map((id) => ({ id, subject, createdAt }));
      fakes['readRecords'] = ({ ids }: { ids: string[] }) =>
        ids.map((id) => fakeCheckpoint(id, { subject, type: 'auto' }, { host, createdAt }));
      fakes['recordCheckpoint'] = ({ record }: { record: CheckpointRecord }) => recoveries.checkpoints.add(record);
      fakes['replicateCheckpoints'] = ({ ids }: { ids: string[] }) => ({
        replicated: ids.map((id) => ({ id, replica })),
        failed: [`${lost}: the storage is down`],
      });
      fakes['sweepStore'] = () => {
        throw commandFailed('the disk is gone');
      };
      await recoveries.storeCare.run({ host, retention: { keepLast: 1 } });
      return storeCareId(host);
    },
  },
  {
    name: 'ledger-with-findings-and-estimate',
    async play(harness) {
      const { checkpoints } = harness.recoveries;
      const subject = await fillLedger(harness, ['complete', 'corrupt', 'complete']);
      await checkpoints.noteFindings(subject, [
        { id: listedId(0), state: 'corrupt', stateReason: 'src/a: it is missing', verifyLevel: 'store' },
        { id: listedId(1), state: 'complete', stateReason: null, verifyLevel: 'store' },
      ]);
      await checkpoints.cleanup(subject, { keepLast: 1 }, true);
      await checkpoints.cleanup(subject, { keepLast: 1 }, false);
      return `ledger/${subject}`;
    },
  },
  {
    name: 'ledger-never-used',
    async play(harness) {
      const subject = `workspace/${harness.host}`;
      harness.fakes['captureCheckpoint'] = () => {
        throw commandFailed('the home directory');
      };
      const input = { name: 'one', type: 'manual' as const, host: harness.host, root: '/root' };
      const ledger = harness.client.workflow.getHandle(`ledger/${subject}`);
      await harness.recoveries.checkpoints.create(subject, input).catch(() => ledger.result());
      return ledger.workflowId;
    },
  },
  {
    name: 'breaker-opened-probed-and-forced',
    async play(harness) {
      const { breakers } = harness.recoveries;
      const name = await openBreaker(harness, '1ms');
      await until(async () => (await breakers.status(name)).state === 'HALF_OPEN', 'half-open');
      await breakers.acquire(name, { key: 'lost', by: 'a', leaseMs: 50 });
      const held = await until(async () => {
        const answer = await breakers.acquire(name, { key: 'k', by: 'b', leaseMs: 60_000 });
        return answer.permitted && answer;
      }, 'the lease to lapse');
      const { generation, leaseId } = held;
      await breakers.report(name, { id: 'r2', by: 'b', generation, leaseId, results: [{ ok: true, durationMs: 1 }] });
      await breakers.post(name, { id: 'r3', by: 'a', generation: 1, results: FIVE_FAILURES });
      await breakers.forceOpen(name, BY);
      await breakers.forceClose(name, { ...BY, mode: 'METRICS_ONLY' });
      await breakers.reset(name, BY);
      return breakerId(name);
    },
  },
  {
    name: 'recovery-waited-for-breaker',
    async play(harness) {
      failTimes(harness, 1);
      const name = await openBreaker(harness, '300ms');
      await harness.recoveries.breakers.configure(name, {
        ...BY,
        settings: { permittedNumberOfCallsInHalfOpenState: 2 },
      });
      const handle = await start(harness, 'breaker', { labels: { breaker: name } });
      await handle.result();
      return handle.workflowId;
    },
  },
  {
    name: 'recovery-fell-back-from-breaker',
    async play(harness) {
      const name = await openBreaker(harness, '1h');
      const handle = await start(harness, 'breaker-shut', { labels: { breaker: name } });
      await handle.result();
      return handle.workflowId;
    },
  },
];

/** Their first histories are from when the engine's own steps were local activities. */
const WITH_REGULAR_STEPS = [
  'drill-over',
  'monitor-looks-again-after-recovery',
  'monitor-recovers-and-is-changed',
  'recovery-approved-with-a-signature',
  'recovery-continued',
  'recovery-decided-with-another-input',
  'recovery-failed-over',
  'recovery-handed-over',
  'recovery-of-a-degraded-service-cancelled',
  'recovery-rolled-back',
  'run-recovered',
  'run-resumed-from-checkpoint',
];

/** Ways that are gone with later behaviour, under names of their own. */
export const PATHS_RECORDED_AGAIN: Path[] = PATHS.filter(({ name }) => WITH_REGULAR_STEPS.includes(name)).map(
  ({ name, play }) => ({ name: `${name}-with-regular-steps`, play }),
);
