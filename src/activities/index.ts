import path from 'node:path';
import { cancellationDetails, Context } from '@temporalio/activity';
import { DEFAULT_EXCLUDES, type CheckpointInfo, type CheckpointRecord, type StateParts } from '../domain/checkpoint.ts';
import type { Json } from '../domain/canonical-json.ts';
import type { LedgerCare } from '../domain/store-care.ts';
import type { EarlierRecovery } from '../domain/continuation.ts';
import type { SignedAnswer } from '../domain/approval.ts';
import type { WatchDrilledInput, WatchedRecovery } from '../domain/drill.ts';
import { RerailError } from '../domain/errors.ts';
import type { ComponentSpec } from '../domain/component.ts';
import type { Failure } from '../domain/failure.ts';
import type { Prediction } from '../domain/knowledge.ts';
import type { Plan } from '../domain/plan.ts';
import type { Probe } from '../domain/probe.ts';
import type { RestoreOptions, RestoreResult } from '../domain/rollback.ts';
import type { CheckpointStore, VerifyLevel } from '../store/checkpoint-store.ts';
import type { Replica } from '../store/replica/replica.ts';
import { checkApproval, type ApprovalDeps } from './approvals.ts';
import type { ActivateInput } from './artifacts/change-artifact.ts';
import type { CopyInput } from './artifacts/copy-artifact.ts';
import { createArtifactActivities } from './artifacts/create-artifact-activities.ts';
import type { SaveArtifactsInput } from './artifacts/save-artifacts.ts';
import { createCheckpointActivities, type CheckpointActivities } from './checkpoints/create-checkpoint-activities.ts';
import type { BreakerCache } from './breakers/breaker-cache.ts';
import { createBreakerActivities, type BreakerControl } from './breakers/create-breaker-activities.ts';
import { runCommand, type RunCommandInput } from './commands/run-command.ts';
import { createDrillActivities } from './drills/create-drill-activities.ts';
import type { TemporalServer } from './drills/sandbox-temporal.ts';
import { createSuiteActivities, type SuiteDeps } from './drills/create-suite-activities.ts';
import { readGitState } from './git/read-git-state.ts';
import { callHttp } from './http.ts';
import { createExecutionActivities, type Executions } from './executions.ts';
import type { ServicesPort } from '../domain/service.ts';
import type { WatchInput } from '../domain/monitor.ts';
import type { NotificationInput } from '../workflows/notification.ts';
import type { NotificationDeps } from './notifications/notification-deps.ts';
import { sendNotification } from './notifications/send-notification.ts';
import { watchRecoveries } from './notifications/watch-recoveries.ts';
import { escalate, type EscalateInput, type Notifier } from './notify.ts';
import { editOperation, type EditOperationInput } from './edit-operation.ts';
import {
  planContinuation,
  planNextStrategy,
  planRecovery,
  type MakePlanRequest,
  type NextStrategyRequest,
  type PlanContinuationRequest,
  type PlanningDeps,
} from './planning.ts';
import { createFleetActivities } from './hosts/create-fleet-activities.ts';
import type { Fleet } from './hosts/fleet.ts';
import { asHostMachine, createMachineActivities } from './machine/create-machine-activities.ts';
import { callPeople, type CallPeopleInput } from './monitors/call-people.ts';
import { watchHealthHere } from './monitors/watch-health-here.ts';
import { createProcessActivities } from './processes/create-process-activities.ts';
import { asHostProcesses } from './processes/as-host-processes.ts';
import { createProviderRegistry } from './providers/provider.ts';
import { sessionProviderByName } from './providers/tmux.ts';
import { activityKeys, asHostActivities, attemptSignal } from './sessions/as-host-activities.ts';
import { createSessionActivities, type SessionDependencies } from './sessions/create-session-activities.ts';
import { createServiceActivities } from './services/create-service-activities.ts';
import type { CheckpointProvider } from './providers/provider.ts';
import type { ScanLimits } from './files/scan-tree.ts';
import { createRunProbe } from './probes/run-probe-here.ts';
import { asActivity } from './support/as-activity.ts';
import { withHeartbeat } from './support/with-heartbeat.ts';
import { checkConnectivity, cleanCaches, inspectResources } from './system.ts';

/** What the shared activities need of Temporal itself; the composition root hands it in. */
export interface Engine {
  startRecovery: (input: {
    failure: Failure;
    key: string;
    playbook?: string;
    components?: Record<string, ComponentSpec>;
    keep?: Json;
  }) => Promise<{ recoveryId: string; recoveryRunId: string; joined?: boolean; kept?: Json }>;
  readEarlier: (workflowId: string, runId: string) => Promise<EarlierRecovery>;
  predict: (plan: Plan) => Promise<Prediction>;
  isOpen: (input: { recoveryId: string; recoveryRunId: string }) => Promise<boolean>;
  addToLedger: (record: CheckpointRecord) => Promise<void>;
  ledgers: LedgerCare;
  fleet: Fleet;
  startedAt: (workflowId: string, runId: string) => Promise<number>;
  breakers: BreakerControl;
  services: ServicesPort;
  retryExecution: (input: { workflowId: string; runId?: string | undefined; requestId: string }) => Promise<unknown>;
  retryInWorkflow: (input: {
    workflowId: string;
    runId: string;
    key: string;
    tryId: string;
  }) => Promise<{ done: boolean }>;
  readSupplied: (input: { recoveryId: string; recoveryRunId: string }) => Promise<{ output: Json }>;
  watchDrilledRecovery: (input: WatchDrilledInput, signal: AbortSignal) => Promise<WatchedRecovery>;
  executions: Executions;
  lastPast: SuiteDeps['lastPast'];
}

export interface SharedDeps extends PlanningDeps, ApprovalDeps {
  engine: Engine;
  notifier: Notifier;
  notifications: NotificationDeps;
  evidenceFolder: string;
  /** Of this process. */
  breakers: BreakerCache;
}

/** Short ones that a workflow waits for before anything else happens: a lost worker is to show soon. */
const engineStep = <In, Out>(work: (input: In) => Promise<Out>): ((input: In) => Promise<Out>) =>
  asActivity((input) => withHeartbeat(() => work(input)));

/** Activities that any worker can do. */
export function createSharedActivities(deps: SharedDeps) {
  return {
    checkApproval: engineStep((input: SignedAnswer) => checkApproval(input, deps)),
    makePlan: engineStep((input: MakePlanRequest) => planRecovery(input, deps)),
    planNextStrategy: engineStep((input: NextStrategyRequest) => planNextStrategy(input, deps)),
    planContinuation: engineStep((input: PlanContinuationRequest) => planContinuation(input, deps)),
    predictPlan: engineStep(({ plan }: { plan: Plan }) => deps.engine.predict(plan)),
    editOperation: engineStep((input: EditOperationInput) => Promise.resolve().then(() => editOperation(input))),
    recordCheckpoint: engineStep(({ record }: { record: CheckpointRecord }) => deps.engine.addToLedger(record)),
    reconcileLedgers: asActivity(deps.engine.ledgers.reconcileLedgers),
    noteReplicas: asActivity(deps.engine.ledgers.noteReplicas),
    cleanLedgers: asActivity(deps.engine.ledgers.cleanLedgers),
    startRecovery: engineStep(deps.engine.startRecovery),
    lookAtRecovery: engineStep(async (input: { recoveryId: string; recoveryRunId: string }) => ({
      open: await deps.engine.isOpen(input),
    })),
    retryExecution: asActivity(deps.engine.retryExecution),
    retryInWorkflow: asActivity((input: { workflowId: string; runId: string; key: string }) => {
      const { workflowExecution, activityId } = Context.current().info;
      // The same try again, after a lost worker, finds the answer of the first.
      return deps.engine.retryInWorkflow({ ...input, tryId: `${workflowExecution?.runId ?? ''}/${activityId}` });
    }),
    readSupplied: asActivity(deps.engine.readSupplied),
    watchDrilledRecovery: asActivity((input: WatchDrilledInput) =>
      withHeartbeat(() => deps.engine.watchDrilledRecovery(input, Context.current().cancellationSignal)),
    ),
    ...createExecutionActivities(deps.engine.executions),
    callHttp: asActivity(callHttp),
    runProbe: asActivity(createRunProbe()),
    checkConnectivity: asActivity(checkConnectivity),
    // Temporal tries these again, whatever went wrong: no plan waits for them.
    watchRecoveries: (input: { since: string }) => watchRecoveries(input, deps.notifications),
    sendNotification: (input: NotificationInput) => withHeartbeat(() => sendNotification(input, deps.notifications)),
    escalate: asActivity((input: EscalateInput) => escalate(input, deps)),
    callPeople: asActivity((input: CallPeopleInput) => callPeople(input, deps)),
    ...createSuiteActivities({ ...deps.notifications, lastPast: deps.engine.lastPast }),
    ...createFleetActivities(deps),
    ...createBreakerActivities({ cache: deps.breakers, control: deps.engine.breakers }),
    ...createServiceActivities({
      services: deps.engine.services,
      keys: activityKeys,
      signal: () => Context.current().cancellationSignal,
    }),
    noop: (input?: unknown): Promise<unknown> => Promise.resolve(input ?? null),
  };
}

export interface HostDeps {
  openStore: () => Promise<CheckpointStore>;
  storePath: string;
  dataDir: string;
  host: string;
  executionsFolder: string;
  /** What the store may take. */
  quotaBytes?: number | undefined;
  /** Of a directory that is captured. */
  limits?: ScanLimits;
  replica?: Replica;
  /** What may be captured beside files. */
  providers?: readonly CheckpointProvider[];
  /** By the ledgers of all subjects; for a disk that is full. */
  cleanLedgers?: LedgerCare['cleanLedgers'];
  /** Told how late each look of a monitor begins, in milliseconds. */
  onLook?: (lateMs: number) => void;
  /** For drills that break one of their own. */
  temporalServer?: TemporalServer;
  /** Of the subjects whose sessions are looked after. */
  ledger?: SessionDependencies['ledger'];
}

export interface RestoreRequest {
  checkpointId: string;
  /** Where the present state is kept; null only for a dry run. */
  backup: CheckpointInfo | null;
  options?: Partial<RestoreOptions>;
  /** Default: where it was captured. */
  root?: string;
}

function interruption(): 'cancelled' | 'shutdown' | undefined {
  if (!Context.current().cancellationSignal.aborted) return undefined;
  return cancellationDetails()?.cancelRequested ? 'cancelled' : 'shutdown';
}

function assertRestored(result: RestoreResult): RestoreResult {
  if (result.success) return result;
  const problems = [...result.errors.map(({ item, error }) => `${item}: ${error}`), ...result.verified.mismatches];
  throw new RerailError(
    'restore-failed',
    `checkpoint ${result.checkpointId} was not restored exactly: ${problems.slice(0, 5).join('; ')}`,
    {
      remedy: 'See which paths differ, mend what keeps them from being written, and restore again.',
      details: { problems: problems.slice(0, 50), backupId: result.backupId ?? null },
    },
  );
}

/** Activities bound to one host: its files, git, commands and processes. */
export function createHostActivities(deps: HostDeps) {
  const checkpointsWith = (providers: readonly CheckpointProvider[]): CheckpointActivities =>
    createCheckpointActivities({
      ...deps,
      providers: createProviderRegistry(providers, sessionProviderByName),
      heartbeat: (details) => Context.current().heartbeat(details),
      signal: () => Context.current().cancellationSignal,
    });
  const configured = deps.providers ?? [];
  const checkpoints = checkpointsWith(configured);
  const sessions = createSessionActivities({
    ...deps,
    checkpointsWith: (provider) =>
      checkpointsWith([...configured.filter(({ name }) => name !== provider.name), provider]),
    keys: activityKeys,
    signal: attemptSignal,
  });
  const artifacts = createArtifactActivities(deps);
  const processes = createProcessActivities({
    folder: path.join(deps.dataDir, 'processes'),
    runProbe: createRunProbe({ checkSession: (input) => sessions.checkSession(input) }),
    keys: activityKeys,
    signal: () => Context.current().cancellationSignal,
  });
  const machine = createMachineActivities({
    ...deps,
    runProbe: createRunProbe(),
    processes,
    keys: activityKeys,
  });
  const runProbeOnHost = createRunProbe({
    checkSession: (input) => sessions.checkSession(input),
    processStatus: processes.statusOf,
  });
  return {
    runCommand: asActivity((input: RunCommandInput) =>
      runCommand(input, {
        folder: deps.executionsFolder,
        heartbeat: (details) => Context.current().heartbeat(details),
        interruption,
      }),
    ),
    runProbe: asActivity((probe: Probe) => withHeartbeat(() => runProbeOnHost(probe))),
    watchHealth: asActivity((input: WatchInput) =>
      watchHealthHere(input, { look: runProbeOnHost, onLook: deps.onLook }),
    ),
    ...asHostActivities(sessions),
    ...asHostProcesses(processes),
    ...asHostMachine(machine),
    captureCheckpoint: asActivity(
      (input: { info: CheckpointInfo; root?: string; exclude?: string[]; state?: StateParts; providers?: string[] }) =>
        checkpoints.captureCheckpoint({
          ...input,
          exclude: [...DEFAULT_EXCLUDES, ...(input.exclude ?? [])],
          ...(input.info.parentId ? { parentId: input.info.parentId } : {}),
        }),
    ),
    restoreCheckpoint: asActivity(async ({ checkpointId, backup, options, root }: RestoreRequest) => {
      const result = await checkpoints.restoreCheckpoint({
        checkpointId,
        ...(root === undefined ? {} : { root }),
        backup: backup && { id: backup.id, info: backup },
        options: { createBackup: backup !== null, dryRun: false, force: false, ...options },
      });
      if (!options?.dryRun) assertRestored(result);
      // Captured already, so this only reads its record.
      const record =
        backup && result.backupId
          ? await checkpoints.captureCheckpoint({ info: backup, root: result.plan.root })
          : null;
      return { result, backup: record };
    }),
    verifyCheckpoint: asActivity((input: { checkpointId: string; level: VerifyLevel }) =>
      checkpoints.verifyCheckpoint(input),
    ),
    deleteCheckpoints: asActivity((input: { ids: string[] }) => checkpoints.deleteCheckpoints(input)),
    diffCheckpoints: asActivity((input: { from: string; to: string }) => checkpoints.diffCheckpoints(input)),
    estimateFreed: asActivity((input: { ids: string[] }) => checkpoints.estimateFreed(input)),
    listStored: asActivity(() => checkpoints.listStored()),
    readRecords: asActivity((input: { ids: string[] }) => checkpoints.readRecords(input)),
    sweepStore: asActivity(() => checkpoints.sweepStore()),
    checkStore: asActivity(() => checkpoints.checkStore()),
    repairStore: asActivity(() => checkpoints.repairStore()),
    replicateCheckpoints: asActivity((input: { ids: string[] }) => checkpoints.replicateCheckpoints(input)),
    saveArtifacts: asActivity((input: SaveArtifactsInput) => withHeartbeat(() => artifacts.saveArtifacts(input))),
    listArtifacts: asActivity((input: { subject: string }) => artifacts.listArtifacts(input)),
    copyArtifact: asActivity((input: CopyInput) => withHeartbeat(() => artifacts.copyArtifact(input))),
    activateArtifact: asActivity((input: ActivateInput) => withHeartbeat(() => artifacts.activateArtifact(input))),
    removeArtifactVersion: asActivity((input: { subject: string; name: string; version: string }) =>
      artifacts.removeArtifactVersion(input),
    ),
    storeUsage: asActivity(() => checkpoints.storeUsage()),
    inspectResources: asActivity(inspectResources),
    cleanCaches: asActivity(cleanCaches),
    ...createDrillActivities(deps),
    readGitStatus: asActivity(({ workspace }: { workspace: string }) => readGitState(workspace)),
  };
}

export type SharedActivities = ReturnType<typeof createSharedActivities>;
export type HostActivities = ReturnType<typeof createHostActivities>;
