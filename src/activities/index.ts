import { cancellationDetails, Context } from '@temporalio/activity';
import { DEFAULT_EXCLUDES, type CheckpointInfo, type CheckpointRecord, type StateParts } from '../domain/checkpoint.ts';
import type { LedgerCare } from '../domain/store-care.ts';
import { RerailError } from '../domain/errors.ts';
import type { Failure } from '../domain/failure.ts';
import type { RestoreOptions, RestoreResult } from '../domain/rollback.ts';
import type { CheckpointStore, VerifyLevel } from '../store/checkpoint-store.ts';
import type { Replica } from '../store/replica/replica.ts';
import type { ActivateInput } from './artifacts/change-artifact.ts';
import type { CopyInput } from './artifacts/copy-artifact.ts';
import { createArtifactActivities } from './artifacts/create-artifact-activities.ts';
import type { SaveArtifactsInput } from './artifacts/save-artifacts.ts';
import { createCheckpointActivities } from './checkpoints/create-checkpoint-activities.ts';
import { runCommand, type RunCommandInput } from './commands/run-command.ts';
import { readGitState } from './git/read-git-state.ts';
import { callHttp } from './http.ts';
import { escalate, type EscalateInput, type Notifier } from './notify.ts';
import { planRecovery, type MakePlanRequest, type PlanningDeps } from './planning.ts';
import { createProviderRegistry } from './providers/provider.ts';
import type { CheckpointProvider } from './providers/provider.ts';
import type { ScanLimits } from './files/scan-tree.ts';
import { runProbe } from './probes/run-probe.ts';
import { asActivity } from './support/as-activity.ts';
import { withHeartbeat } from './support/with-heartbeat.ts';
import { checkConnectivity, cleanCaches, inspectResources } from './system.ts';

/** What the shared activities need of Temporal itself; the composition root hands it in. */
export interface Engine {
  startRecovery: (input: {
    failure: Failure;
    key: string;
    playbook?: string;
  }) => Promise<{ recoveryId: string; recoveryRunId: string; joined?: boolean }>;
  isOpen: (input: { recoveryId: string; recoveryRunId: string }) => Promise<boolean>;
  addToLedger: (record: CheckpointRecord) => Promise<void>;
  ledgers: LedgerCare;
  retryExecution: (input: { workflowId: string; runId?: string | undefined; requestId: string }) => Promise<unknown>;
}

export interface SharedDeps extends PlanningDeps {
  engine: Engine;
  notifier: Notifier;
  evidenceFolder: string;
}

/** Activities that any worker can do. */
export function createSharedActivities(deps: SharedDeps) {
  return {
    makePlan: asActivity((input: MakePlanRequest) => planRecovery(input, deps)),
    recordCheckpoint: asActivity(({ record }: { record: CheckpointRecord }) => deps.engine.addToLedger(record)),
    reconcileLedgers: asActivity(deps.engine.ledgers.reconcileLedgers),
    noteReplicas: asActivity(deps.engine.ledgers.noteReplicas),
    cleanLedgers: asActivity(deps.engine.ledgers.cleanLedgers),
    startRecovery: asActivity(deps.engine.startRecovery),
    lookAtRecovery: asActivity(async (input: { recoveryId: string; recoveryRunId: string }) => ({
      open: await deps.engine.isOpen(input),
    })),
    retryExecution: asActivity(deps.engine.retryExecution),
    callHttp: asActivity(callHttp),
    runProbe: asActivity(runProbe),
    checkConnectivity: asActivity(checkConnectivity),
    escalate: asActivity((input: EscalateInput) => escalate(input, deps)),
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
  const checkpoints = createCheckpointActivities({
    ...deps,
    providers: createProviderRegistry(deps.providers ?? []),
    heartbeat: (details) => Context.current().heartbeat(details),
    signal: () => Context.current().cancellationSignal,
  });
  const artifacts = createArtifactActivities(deps);
  return {
    runCommand: asActivity((input: RunCommandInput) =>
      runCommand(input, {
        folder: deps.executionsFolder,
        heartbeat: (details) => Context.current().heartbeat(details),
        interruption,
      }),
    ),
    runProbe: asActivity(runProbe),
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
    readGitStatus: asActivity(({ workspace }: { workspace: string }) => readGitState(workspace)),
  };
}

export type SharedActivities = ReturnType<typeof createSharedActivities>;
export type HostActivities = ReturnType<typeof createHostActivities>;
