import { setTimeout as delay } from 'node:timers/promises';
import type { RecoveryClient } from '../client/recovery-client.ts';
import type { RunHandle } from '../client/runs.ts';
import { formatMs } from '../domain/duration.ts';
import type { TimelineEntry } from '../domain/recovery.ts';
import type { RunReport, RunSnapshot } from '../domain/run.ts';
import type { Output } from './output/output.ts';
import { paintStatus, renderTimelineEntry } from './output/render.ts';
import { createPatientAsker, type PatientAsker } from './patient-asker.ts';

const LOOK_EVERY_MS = 200;

/** Tells what is new since the last look: steps that changed state, and what the open recovery does. */
function createTeller(output: Output, recoveries: RecoveryClient, ask: PatientAsker['ask']) {
  const told = new Map<string, string>();
  const seen = new Map<string, number>();
  let recovering: { id: string; run: string } | undefined;

  const tellSteps = ({ steps }: RunSnapshot): void => {
    for (const step of steps) {
      if (step.status === 'pending' || told.get(step.step) === step.status) continue;
      told.set(step.step, step.status);
      const time = step.durationMs > 0 ? output.paint.dim(` ${formatMs(step.durationMs)}`) : '';
      const why =
        step.status === 'failed' && step.error ? output.paint.dim(` ${step.error.message.slice(0, 120)}`) : '';
      output.event(
        { event: 'step', ...step },
        () => `${paintStatus(output.paint, step.status)}  ${step.phase}/${step.step}${time}${why}`,
      );
    }
  };
  const tellRecovery = async (): Promise<void> => {
    if (!recovering) return;
    const { id, run } = recovering;
    const from = seen.get(run) ?? 0;
    const entries: TimelineEntry[] = (await ask(() => recoveries.getHandle(id, run).timeline(from))) ?? [];
    seen.set(run, from + entries.length);
    for (const entry of entries)
      output.event({ event: 'recovery', id, ...entry }, () => `    ${renderTimelineEntry(output.paint, entry)}`);
  };
  return {
    async tell(snapshot: RunSnapshot): Promise<void> {
      const open = snapshot.openRecovery;
      const run = snapshot.steps.find(({ step }) => step === snapshot.step)?.recoveries.at(-1);
      if (recovering && recovering.run !== run) await tellRecovery();
      if (open && run && recovering?.run !== run) {
        tellSteps(snapshot);
        recovering = { id: open, run };
        output.event({ event: 'handed over', recovery: open, run }, () => `    ${output.paint.bold(open)} takes over`);
      }
      await tellRecovery();
      tellSteps(snapshot);
    },
  };
}

export interface FollowRunOptions {
  handle: RunHandle;
  recoveries: RecoveryClient;
  output: Output;
  stop?: AbortSignal;
}

/** Prints a run's progress until it ends. Undefined when the terminal was left first; the run goes on. */
export async function followRun({
  handle,
  recoveries,
  output,
  stop = new AbortController().signal,
}: FollowRunOptions): Promise<RunReport | undefined> {
  const { ask, end } = createPatientAsker(output, stop);
  const teller = createTeller(output, recoveries, ask);
  let ended = false;
  const result = end(() => handle.result());
  result.then(
    () => (ended = true),
    () => (ended = true),
  );
  while (!stop.aborted) {
    const last = ended;
    const snapshot = await ask(() => handle.status());
    if (snapshot) await teller.tell(snapshot);
    if (last) return result;
    await delay(LOOK_EVERY_MS);
  }
  return undefined;
}
