import { setTimeout as delay } from 'node:timers/promises';
import type { DrilledRecovery, ToldService, WatchDrilledInput, WatchedRecovery } from '../domain/drill.ts';
import { isRerailError } from '../domain/errors.ts';
import type { RecoverySnapshot } from '../domain/recovery.ts';
import type { RecoveryReport } from '../domain/report.ts';
import { sessionRestoredTo } from '../domain/session.ts';
import type { RecoveryHandle } from './recovery-handle.ts';
import type { Services } from './services.ts';

const LOOK_EVERY_MS = 250;
const GO_BACK = ['rollback', 'resume'];
/** What was answered meanwhile, or is asked no more, is no error. */
const TOO_LATE = ['approval-refused', 'decision-refused', 'action-not-applicable'];

async function answer(handle: RecoveryHandle, status: RecoverySnapshot, input: WatchDrilledInput): Promise<void> {
  const { answers, by } = input;
  const { waitingFor, planHash, approval } = status;
  const reason = 'answered by the drill';
  try {
    if (waitingFor?.kind === 'approval' && answers.approve && planHash !== undefined) {
      const actionId = approval?.actionId;
      await handle.approve({ planHash, by, reason, ...(actionId === undefined ? {} : { actionId }) });
    }
    if (waitingFor?.kind === 'manual' && answers.manual !== undefined && status.currentAction !== undefined)
      await handle.completeManualStep({ actionId: status.currentAction, outcome: answers.manual, by, note: reason });
  } catch (error) {
    if (!isRerailError(error) || !TOO_LATE.includes(error.code)) throw error;
  }
}

function toDrilled(report: RecoveryReport, { joined }: WatchDrilledInput): DrilledRecovery {
  const { workflowId, runId, status, summary, plan, verification, actions, compensations, durations, times } = report;
  const sessionFrom = sessionRestoredTo(actions);
  const backupId = report.restored?.backupId;
  const wentBack = actions.findLast(({ type, status }) => GO_BACK.includes(type) && status === 'succeeded');
  return {
    recovery: {
      workflowId,
      runId,
      joined,
      status,
      summary,
      ...(plan ? { playbook: plan.playbook.name, planHash: plan.hash } : {}),
      ...(plan?.playbook.digest === undefined ? {} : { playbookDigest: plan.playbook.digest }),
      verified: verification.verified,
      actions: actions.map((action) => ({
        id: action.id,
        type: action.type,
        status: action.status,
        durationMs: action.durationMs,
      })),
      compensations: compensations.length,
      humanWaitMs: durations.humanWaitMs,
    },
    times: { ...(times.t2 ? { t2: times.t2 } : {}), ...(times.t3 ? { t3: times.t3 } : {}) },
    restored: report.restored !== undefined,
    ...(backupId === undefined || !wentBack ? {} : { backup: { action: wentBack.id, checkpointId: backupId } }),
    ...(sessionFrom === undefined ? {} : { sessionFrom }),
  };
}

/** Read off what the services themselves remember, so that a short time is not missed. */
function readTold(names: readonly string[], by: string, services: Pick<Services, 'status'>): Promise<ToldService[]> {
  return Promise.all(
    names.map(async (service) => {
      const known = await services.status(service).catch((error: unknown) => {
        if (isRerailError(error) && error.code === 'service-state-not-found') return undefined;
        throw error;
      });
      const during = known?.changes.some((change) => change.what === 'degraded' && change.by === by) ?? false;
      return { service, during, afterwards: known?.degraded ?? false, ratePerSecond: known?.ratePerSecond ?? null };
    }),
  );
}

/** Waits until a recovery has ended and gives the answers that the drill provides for, but for those that need work first. */
export async function watchDrilled(
  handle: RecoveryHandle,
  input: WatchDrilledInput,
  { services, signal }: { services: Pick<Services, 'status'>; signal: AbortSignal },
): Promise<WatchedRecovery> {
  for (;;) {
    signal.throwIfAborted();
    const { open, killed, runId } = await handle.describe();
    if (killed) {
      const summary = 'it was ended from outside';
      const { joined, recoveryId: workflowId } = input;
      const recovery = { workflowId, runId, joined, status: 'killed', summary, verified: false, actions: [] };
      return { recovery: { ...recovery, compensations: 0, humanWaitMs: 0 }, times: {}, restored: false };
    }
    if (!open) {
      const drilled = toDrilled(await handle.report(), input);
      if (!input.services) return drilled;
      return { ...drilled, degraded: await readTold(input.services, drilled.recovery.workflowId, services) };
    }
    const status = await handle.status();
    if (input.untilByHand && status.waitingFor?.kind === 'manual') return 'asks-by-hand';
    await answer(handle, status, input);
    await delay(LOOK_EVERY_MS, undefined, { signal });
  }
}
