import { createHash, randomUUID } from 'node:crypto';
import { Context } from '@temporalio/activity';
import { Client } from '@temporalio/client';
import { ApplicationFailure, type DataConverter } from '@temporalio/common';
import {
  DefaultLogger,
  NativeConnection,
  Runtime,
  Worker,
  type InjectedSinks,
  type WorkflowBundleOption,
} from '@temporalio/worker';
import { createBreakerCache } from '../../src/activities/breakers/breaker-cache.ts';
import { createBreakerActivities } from '../../src/activities/breakers/create-breaker-activities.ts';
import { createSuiteActivities } from '../../src/activities/drills/create-suite-activities.ts';
import type { SharedActivities, HostActivities } from '../../src/activities/index.ts';
import { createRecoveryClient, type RecoveryClient } from '../../src/client/recovery-client.ts';
import type { WatchDrilledInput } from '../../src/domain/drill.ts';
import type { CheckpointRecord } from '../../src/domain/checkpoint.ts';
import type { RerailSinks } from '../../src/domain/closed-recovery.ts';
import type { ServiceChange } from '../../src/domain/service.ts';
import { FailureSchema } from '../../src/domain/failure.schema.ts';
import { hostTaskQueue, MACHINE_ACTIVITIES } from '../../src/domain/wire-names.ts';
import { createRunProbe } from '../../src/activities/probes/run-probe-here.ts';
import type { WatchInput } from '../../src/domain/monitor.ts';
import { watchHealthHere } from '../../src/activities/monitors/watch-health-here.ts';
import { planContinuation } from '../../src/activities/planning.ts';
import { editOperation } from '../../src/activities/edit-operation.ts';
import { asActivity } from '../../src/activities/support/as-activity.ts';
import { makePlan } from '../../src/planner/make-plan.ts';
import { nextStrategy } from '../../src/planner/next-strategy.ts';
import { createExecutionActivities } from '../../src/activities/executions.ts';
import { createEngine } from '../../src/client/create-engine.ts';
import { countRecoveries } from '../../src/telemetry/metrics/count.ts';
import { DROPPED_SPANS } from '../../src/telemetry/tracing/dropped-spans.ts';
import { fakeCheckpoint } from './fake-checkpoint.ts';
import { parsePlaybooks } from './parse-playbooks.ts';

export { until } from './until.ts';

Runtime.install({ logger: new DefaultLogger('ERROR') });

type Answer = (name: string, fallback: (input: never) => unknown) => (input: never) => Promise<unknown>;

const SERVICE_ACTIVITIES = [
  'checkService',
  'testServiceConnection',
  'verifyService',
  'clearErrorCache',
  'restoreTraffic',
  'adjustRequestRate',
  'restoreRequestRate',
  'resetConnectionPool',
  'checkDatabaseIntegrity',
  'resumeOperations',
  'checkCache',
  'clearCorruptEntries',
  'putEntriesBack',
  'rebuildCache',
  'verifyCache',
  'checkQueue',
  'healQueue',
  'undoHealQueue',
  'verifyQueue',
] as const satisfies readonly (keyof SharedActivities)[];

const serviceFakes = (answer: Answer) =>
  Object.fromEntries(SERVICE_ACTIVITIES.map((name) => [name, answer(name, () => null)])) as Record<
    (typeof SERVICE_ACTIVITIES)[number],
    (input: never) => Promise<unknown>
  >;

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
  /** A new target and nothing known of before, with the same workers: what an earlier test left behind is not heard. */
  renew: () => string;
  /** Replays the history of every execution that has come to an activity. */
  stop: () => Promise<void>;
}

export interface HarnessOptions {
  address: string;
  workflowBundle: WorkflowBundleOption;
  /** YAML of the playbooks that are known. */
  playbooks: string;
  maxCachedWorkflows?: number;
  /** Of a user, on the same queue. */
  activities?: Record<string, (...args: never[]) => Promise<unknown>>;
  /** Counts what the workflows tell. */
  sinks?: InjectedSinks<RerailSinks>;
  dataConverter?: DataConverter;
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

/** What cannot be replayed stands still after the next restart of a worker, however well it went. */
async function replayAll(
  client: Client,
  executions: ReadonlyMap<string, string>,
  workflowBundle: WorkflowBundleOption,
): Promise<void> {
  async function* histories() {
    for (const [runId, workflowId] of executions)
      yield { workflowId, history: await client.workflow.getHandle(workflowId, runId).fetchHistory() };
  }
  const options = { workflowBundle, sinks: DROPPED_SPANS };
  for await (const { workflowId, error } of Worker.runReplayHistories(options, histories()))
    if (error) throw new Error(`${workflowId} does not replay`, { cause: error });
}

/** A worker with the real workflows, planner and client, and fakes for what touches the world. */
export async function createHarness(options: HarnessOptions): Promise<Harness> {
  const connection = await NativeConnection.connect({ address: options.address });
  const client = new Client({
    connection,
    ...(options.dataConverter ? { dataConverter: options.dataConverter } : {}),
  });
  const id = randomUUID().slice(0, 8);
  const taskQueue = `test-${id}`;
  const host = `host-${id}`;
  const calls: string[] = [];
  const fakes: Harness['fakes'] = {};
  const checkpoints: CheckpointRecord[] = [];
  const playbooks = parsePlaybooks(options.playbooks);
  const earlier: string[] = [];
  let current = id;
  const executions = new Map<string, string>();
  const answer = (name: string, fallback: (input: never) => unknown) => (input: never) => {
    const { workflowId = '', runId = '' } = Context.current().info.workflowExecution ?? {};
    executions.set(runId, workflowId);
    if (earlier.some((past) => workflowId.includes(past))) return Promise.resolve().then(() => fallback(input));
    const label = (input as { operation?: { argv?: string[] } } | null)?.operation?.argv?.join(' ');
    calls.push(label === undefined ? name : `${name} ${label}`);
    // Refused as it is by a real worker: once, and not again and again.
    return asActivity(() => Promise.resolve().then(() => (fakes[name] ?? fallback)(input)))();
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
  const suites = createSuiteActivities({ send: () => Promise.resolve(), lastPast: engine.lastPast });
  const planning = {
    playbooks,
    checkpoints,
    defaultHost: host,
    id: 'plan_1',
    now: '2026-01-01T00:00:00.000Z',
    sha256: (text: string) => createHash('sha256').update(text).digest('hex'),
  };
  // Real ones, as Temporal itself is.
  const createStepActivities = ({ executions, retryInWorkflow, readSupplied, watchDrilledRecovery }: typeof engine) => {
    const { listExecutions, countExecutions, recoverExecution, watchExecution } = createExecutionActivities(executions);
    return {
      listExecutions: answer('listExecutions', listExecutions),
      countExecutions: answer('countExecutions', countExecutions),
      recoverExecution: answer('recoverExecution', recoverExecution),
      watchExecution: answer('watchExecution', watchExecution),
      readSupplied: answer('readSupplied', readSupplied),
      watchDrilledRecovery: answer('watchDrilledRecovery', (input: WatchDrilledInput) =>
        watchDrilledRecovery(input, Context.current().cancellationSignal),
      ),
      retryInWorkflow: answer('retryInWorkflow', (input: { workflowId: string; runId: string; key: string }) => {
        const { workflowExecution, activityId } = Context.current().info;
        return retryInWorkflow({ ...input, tryId: `${workflowExecution?.runId ?? ''}/${activityId}` });
      }),
    };
  };
  const breakers = createBreakerCache({ port: engine.breakers, by: host, flushMs: 20, maxAgeMs: 200 });
  const shared: Record<keyof SharedActivities, (input: never) => Promise<unknown>> = {
    makePlan: answer('makePlan', (input: Parameters<SharedActivities['makePlan']>[0]) =>
      makePlan({ ...input, ...planning, failure: FailureSchema.parse(input.failure) }),
    ),
    planNextStrategy: answer('planNextStrategy', (input: Parameters<SharedActivities['planNextStrategy']>[0]) =>
      nextStrategy({ ...input, ...planning, failure: FailureSchema.parse(input.failure) }),
    ),
    planContinuation: answer('planContinuation', (input: Parameters<SharedActivities['planContinuation']>[0]) =>
      planContinuation(input, {
        ...planning,
        definitions: () => Promise.resolve({ playbooks, components: [], rules: [] }),
        listCheckpoints: () => Promise.resolve(checkpoints),
        engine,
      }),
    ),
    predictPlan: answer('predictPlan', ({ plan }: Parameters<SharedActivities['predictPlan']>[0]) =>
      engine.predict(plan),
    ),
    editOperation: answer('editOperation', editOperation),
    checkApproval: answer('checkApproval', () => ({ refusal: null })),
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
    ...createStepActivities(engine),
    // The real ones: a breaker is a workflow of this harness's own worker.
    ...createBreakerActivities({ cache: breakers, control: engine.breakers }),
    ...serviceFakes(answer),
    // The real one: what clients are told is a workflow of this harness's own worker.
    tellService: answer('tellService', ({ service, change }: { service: string; change: ServiceChange }) =>
      engine.services.change(service, change),
    ),
    callHttp: answer('callHttp', () => ({ httpStatus: 200, durationMs: 1 })),
    runProbe: answer('runProbe', () => reading),
    checkConnectivity: answer('checkConnectivity', () => ({ reachable: true })),
    escalate: answer('escalate', () => ({ to: ['oncall'], evidenceFile: '/evidence.json' })),
    callPeople: answer('callPeople', () => ({ to: ['oncall'], evidenceFile: '/evidence.json' })),
    watchRecoveries: answer('watchRecoveries', (input: { since: string }) => input),
    sendNotification: answer('sendNotification', () => ({ sent: true })),
    findSuiteDrills: answer('findSuiteDrills', suites.findSuiteDrills),
    judgeDrillSuite: answer('judgeDrillSuite', suites.judgeDrillSuite),
    tellOfRegressions: answer('tellOfRegressions', () => ({ told: 1 })),
    awaitHost: answer('awaitHost', () => null),
    failOverHost: answer('failOverHost', () => null),
    undoFailOver: answer('undoFailOver', () => null),
    noop: answer('noop', () => null),
  };
  const machine = Object.fromEntries(MACHINE_ACTIVITIES.map((name) => [name, answer(name, () => null)])) as Record<
    (typeof MACHINE_ACTIVITIES)[number],
    (input: never) => Promise<unknown>
  >;
  const hostBound: Record<keyof HostActivities, (input: never) => Promise<unknown>> = {
    runCommand: answer('runCommand', () => ({ exitCode: 0, stdout: '', stderr: '', durationMs: 1 })),
    runProbe: answer('runProbe', () => reading),
    // The real one, which looks at real things.
    watchHealth: answer('watchHealth', (input: WatchInput) => watchHealthHere(input, { look: createRunProbe() })),
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
    checkSession: answer('checkSession', () => null),
    saveSession: answer('saveSession', () => null),
    recreateSession: answer('recreateSession', () => null),
    unfreezeSession: answer('unfreezeSession', () => null),
    repairSession: answer('repairSession', () => null),
    reattachSession: answer('reattachSession', () => null),
    verifySession: answer('verifySession', () => null),
    undoSession: answer('undoSession', () => null),
    ...machine,
    cleanCaches: answer('cleanCaches', () => null),
    readGitStatus: answer('readGitStatus', () => null),
    prepareSandbox: answer('prepareSandbox', () => ({ path: '/sandbox' })),
    startSandboxProcesses: answer('startSandboxProcesses', () => null),
    listSandbox: answer('listSandbox', () => []),
    injectFault: answer('injectFault', () => ({ at: new Date().toISOString() })),
    takeBackFault: answer('takeBackFault', () => null),
    captureSession: answer('captureSession', () => null),
    removeSandbox: answer('removeSandbox', () => ({ left: [] })),
  };
  const tune = options.maxCachedWorkflows === undefined ? {} : { maxCachedWorkflows: options.maxCachedWorkflows };
  const workers = await Promise.all([
    Worker.create({
      connection,
      taskQueue,
      workflowBundle: options.workflowBundle,
      activities: { ...shared, ...options.activities },
      sinks: { ...DROPPED_SPANS, ...countRecoveries(), ...options.sinks },
      ...(options.dataConverter ? { dataConverter: options.dataConverter } : {}),
      ...tune,
    }),
    Worker.create({
      connection,
      taskQueue: hostTaskQueue(host),
      activities: hostBound,
      // A cancellation comes with the answer to a heartbeat.
      maxHeartbeatThrottleInterval: '200ms',
      ...(options.dataConverter ? { dataConverter: options.dataConverter } : {}),
    }),
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
    renew() {
      earlier.push(current);
      current = randomUUID().slice(0, 8);
      calls.length = 0;
      checkpoints.length = 0;
      for (const name of Object.keys(fakes)) delete fakes[name];
      return `test/${current}`;
    },
    async stop() {
      await breakers.close();
      for (const worker of workers) worker.shutdown();
      await Promise.all(running);
      if (!options.dataConverter) await replayAll(client, executions, options.workflowBundle);
      await connection.close();
    },
  };
}
