import { createHash, randomUUID } from 'node:crypto';
import { Client } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { DefaultLogger, NativeConnection, Runtime, Worker, type WorkflowBundleOption } from '@temporalio/worker';
import type { SharedActivities, HostActivities } from '../../src/activities/index.ts';
import { createRecoveryClient, type RecoveryClient } from '../../src/client/recovery-client.ts';
import type { CheckpointRecord } from '../../src/domain/checkpoint.ts';
import { FailureSchema } from '../../src/domain/failure.schema.ts';
import { hostTaskQueue } from '../../src/domain/wire-names.ts';
import { makePlan } from '../../src/planner/make-plan.ts';
import { createEngine } from '../../src/client/create-engine.ts';
import { fakeCheckpoint } from './fake-checkpoint.ts';
import { parsePlaybooks } from './parse-playbooks.ts';

Runtime.install({ logger: new DefaultLogger('ERROR') });

export interface Harness {
  client: Client;
  recoveries: RecoveryClient;
  taskQueue: string;
  host: string;
  target: string;
  /** What the activities were asked to do, in order. */
  calls: string[];
  /** Replaces the answer of an activity. */
  fakes: Record<string, (input: never) => unknown>;
  checkpoints: CheckpointRecord[];
  stop: () => Promise<void>;
}

export interface HarnessOptions {
  address: string;
  workflowBundle: WorkflowBundleOption;
  /** YAML of the playbooks that are known. */
  playbooks: string;
  maxCachedWorkflows?: number;
}

/** A command that failed, as `runCommand` reports it. */
export function commandFailed(message = 'npm test ended with exit code 1: 3 failing'): ApplicationFailure {
  return ApplicationFailure.create({
    message,
    type: 'command-failed',
    nonRetryable: true,
    details: [{ retryable: true, details: { exitCode: 1, stdout: '', stderr: '' } }],
  });
}

/** A worker with the real workflows, planner and client, and fakes for what touches the world. */
export async function createHarness(options: HarnessOptions): Promise<Harness> {
  const connection = await NativeConnection.connect({ address: options.address });
  const client = new Client({ connection });
  const id = randomUUID().slice(0, 8);
  const taskQueue = `test-${id}`;
  const host = `host-${id}`;
  const calls: string[] = [];
  const fakes: Harness['fakes'] = {};
  const checkpoints: CheckpointRecord[] = [];
  const playbooks = parsePlaybooks(options.playbooks);
  const answer = (name: string, fallback: (input: never) => unknown) => (input: never) => {
    const label = (input as { operation?: { argv?: string[] } } | null)?.operation?.argv?.join(' ');
    calls.push(label === undefined ? name : `${name} ${label}`);
    return Promise.resolve().then(() => (fakes[name] ?? fallback)(input));
  };
  const reading = {
    name: 'up',
    kind: 'tcp',
    passed: true,
    observed: 'connected',
    durationMs: 1,
    at: new Date(0).toISOString(),
  };
  const restored = (checkpointId: string) => ({
    backup: fakeCheckpoint('cp_00000000000000000000BACKUP', { type: 'recovery' }),
    result: {
      success: true,
      checkpointId,
      manifestSha256: '0'.repeat(64),
      plan: { checkpointId, root: '/w', changes: [], changesTotal: 0, unchanged: 3, parts: ['files'], hash: '' },
      items: [],
      errors: [],
      state: {},
      verified: { files: 3, mismatches: [] },
      dataLoss: false,
      durationMs: 1,
      timestamp: new Date(0).toISOString(),
    },
  });
  const engine = createEngine(client, taskQueue);
  const shared: Record<keyof SharedActivities, (input: never) => Promise<unknown>> = {
    makePlan: answer('makePlan', (input: Parameters<SharedActivities['makePlan']>[0]) =>
      makePlan({
        ...input,
        failure: FailureSchema.parse(input.failure),
        playbooks,
        checkpoints,
        defaultHost: host,
        id: 'plan_1',
        now: '2026-01-01T00:00:00.000Z',
        sha256: (text) => createHash('sha256').update(text).digest('hex'),
      }),
    ),
    recordCheckpoint: answer('recordCheckpoint', () => null),
    startRecovery: answer('startRecovery', (input: Parameters<typeof engine.startRecovery>[0]) =>
      engine.startRecovery(input),
    ),
    lookAtRecovery: answer('lookAtRecovery', async (input: Parameters<typeof engine.isOpen>[0]) => ({
      open: await engine.isOpen(input),
    })),
    reconcileLedgers: answer('reconcileLedgers', engine.ledgers.reconcileLedgers),
    noteReplicas: answer('noteReplicas', engine.ledgers.noteReplicas),
    cleanLedgers: answer('cleanLedgers', engine.ledgers.cleanLedgers),
    retryExecution: answer('retryExecution', () => null),
    callHttp: answer('callHttp', () => ({ httpStatus: 200, durationMs: 1 })),
    runProbe: answer('runProbe', () => reading),
    checkConnectivity: answer('checkConnectivity', () => ({ reachable: true })),
    escalate: answer('escalate', () => ({ to: ['oncall'], evidenceFile: '/evidence.json' })),
    noop: answer('noop', () => null),
  };
  const hostBound: Record<keyof HostActivities, (input: never) => Promise<unknown>> = {
    runCommand: answer('runCommand', () => ({ exitCode: 0, stdout: '', stderr: '', durationMs: 1 })),
    runProbe: answer('runProbe', () => reading),
    captureCheckpoint: answer('captureCheckpoint', ({ info }: { info: CheckpointRecord['info'] }) => {
      const record = { ...fakeCheckpoint(info.id), info, host };
      checkpoints.unshift(record);
      return record;
    }),
    restoreCheckpoint: answer('restoreCheckpoint', ({ checkpointId }: { checkpointId: string }) =>
      restored(checkpointId),
    ),
    verifyCheckpoint: answer('verifyCheckpoint', () => ({ problems: [] })),
    deleteCheckpoints: answer('deleteCheckpoints', () => ({ freedBytes: 10 })),
    diffCheckpoints: answer('diffCheckpoints', () => ({ changes: [], changesTotal: 0, unchanged: 1, parts: [] })),
    estimateFreed: answer('estimateFreed', () => ({ freedBytes: 7 })),
    listStored: answer('listStored', () => []),
    readRecords: answer('readRecords', () => []),
    sweepStore: answer('sweepStore', () => ({ freedBytes: 0 })),
    checkStore: answer('checkStore', () => ({ problems: [], verifiedAt: new Date(0).toISOString() })),
    repairStore: answer('repairStore', () => ({ quarantined: [], problems: [] })),
    replicateCheckpoints: answer('replicateCheckpoints', () => ({ replicated: [], failed: [] })),
    storeUsage: answer('storeUsage', () => ({ checkpoints: 0, bytes: 0, quarantinedBytes: 0, freeBytes: 1 })),
    saveArtifacts: answer('saveArtifacts', () => []),
    listArtifacts: answer('listArtifacts', () => []),
    copyArtifact: answer('copyArtifact', () => null),
    activateArtifact: answer('activateArtifact', () => null),
    removeArtifactVersion: answer('removeArtifactVersion', () => null),
    inspectResources: answer('inspectResources', () => null),
    cleanCaches: answer('cleanCaches', () => null),
    readGitStatus: answer('readGitStatus', () => null),
  };
  const tune = options.maxCachedWorkflows === undefined ? {} : { maxCachedWorkflows: options.maxCachedWorkflows };
  const workers = await Promise.all([
    Worker.create({ connection, taskQueue, workflowBundle: options.workflowBundle, activities: shared, ...tune }),
    Worker.create({ connection, taskQueue: hostTaskQueue(host), activities: hostBound }),
  ]);
  const running = workers.map((worker) => worker.run());
  return {
    client,
    recoveries: createRecoveryClient({ client, taskQueue }),
    taskQueue,
    host,
    target: `test/${id}`,
    calls,
    fakes,
    checkpoints,
    async stop() {
      for (const worker of workers) worker.shutdown();
      await Promise.all(running);
      await connection.close();
    },
  };
}

/** Waits for a condition, never for a time; the limit only turns a hang into a failure. */
export async function until<T>(look: () => Promise<T | undefined | false>, what: string, limitMs = 30_000): Promise<T> {
  const deadline = Date.now() + limitMs;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`waited ${limitMs} ms in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
