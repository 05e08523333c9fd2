import { setTimeout as delay } from 'node:timers/promises';
import type { RecoveryHandle } from '../client/recovery-handle.ts';
import { DurationSchema } from '../domain/duration.schema.ts';
import { toMs } from '../domain/duration.ts';
import { isRerailError, RerailError } from '../domain/errors.ts';
import type { TimelineEntry } from '../domain/recovery.ts';
import type { RecoveryReport } from '../domain/report.ts';
import { EXIT, exitCodeOfRecovery } from './exit-codes.ts';
import { onInterrupt } from './interrupt.ts';
import type { Output } from './output/output.ts';
import { createLiveBlock } from './output/live-block.ts';
import { renderProgress } from './output/render-progress.ts';
import { renderReport, renderTimelineEntry } from './output/render.ts';
import { createPatientAsker } from './patient-asker.ts';

const LOOK_EVERY_MS = 250;
const STATUS_WAIT_MS = 3000;
/** Of Node: longer ones end at once. Nearly 25 days. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export function parseDuration(text: string, flag: string): number {
  const parsed = DurationSchema.safeParse(text);
  if (parsed.success) return toMs(parsed.data);
  throw new RerailError('invalid-input', `${flag}: ${parsed.error.issues[0]?.message ?? text}`, {
    remedy: 'Write it as the message says.',
  });
}

export interface FollowOptions {
  handle: RecoveryHandle;
  output: Output;
  timeout?: string;
}

/**
 * Shows what happens until the recovery closes, then its report: a tree of its actions that is drawn anew on a terminal, a
 * line for each event elsewhere. Returns the exit code.
 */
export async function followRecovery({ handle, output, timeout }: FollowOptions): Promise<number> {
  const interrupted = onInterrupt();
  const stop =
    timeout === undefined
      ? interrupted
      : AbortSignal.any([
          interrupted,
          AbortSignal.timeout(Math.min(parseDuration(timeout, '--timeout'), LONGEST_TIMER_MS)),
        ]);
  const { ask, end } = createPatientAsker(output, stop);
  const live = output.isInteractive ? await createLiveBlock() : undefined;
  const entries: TimelineEntry[] = [];
  let ended = false;
  // Also ends for one that was killed, which no query tells.
  const result = end(() => handle.result());
  result.then(
    () => (ended = true),
    () => (ended = true),
  );
  for (;;) {
    const last = ended;
    const news = (await ask(() => handle.timeline(entries.length))) ?? [];
    entries.push(...news);
    if (live) {
      const snapshot = await ask(() => handle.status());
      if (snapshot) live.draw(renderProgress(output.paint, snapshot, entries));
    } else for (const entry of news) output.event(entry, () => renderTimelineEntry(output.paint, entry));
    if (last) {
      live?.end();
      return printReport(await result, output);
    }
    if (interrupted.aborted) {
      live?.end();
      output.info(`It goes on without this terminal: rerail recovery watch ${handle.workflowId}`);
      return EXIT.interrupted;
    }
    if (stop.aborted) {
      live?.end();
      const status = await statusIfAnswered(handle);
      output.info(`Still ${status} after ${timeout ?? ''}; it goes on: rerail recovery watch ${handle.workflowId}`);
      return EXIT.timeout;
    }
    await delay(LOOK_EVERY_MS);
  }
}

/** The one who watches has waited long enough. */
const statusIfAnswered = (handle: RecoveryHandle): Promise<string> =>
  Promise.race([
    handle.status().then(
      ({ status }) => status,
      () => 'open',
    ),
    delay(STATUS_WAIT_MS, 'open', { ref: false }),
  ]);

export function printReport(report: RecoveryReport, output: Output): number {
  if (output.format === 'text') output.info('');
  output.value(report, () => renderReport(output.paint, report));
  return exitCodeOfRecovery(report.status, report.error?.code);
}

/** The report where the recovery has closed, otherwise undefined. */
export async function reportIfClosed(handle: RecoveryHandle): Promise<RecoveryReport | undefined> {
  try {
    return await handle.report();
  } catch (error) {
    if (isRerailError(error) && error.code === 'action-not-applicable') return undefined;
    throw error;
  }
}
