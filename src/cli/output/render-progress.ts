import { formatMs } from '../../domain/duration.ts';
import type { RecoverySnapshot, TimelineEntry } from '../../domain/recovery.ts';
import { unblockCommands } from '../../domain/unblock-commands.ts';
import type { Paint } from './output.ts';
import { paintStatus, renderTimelineEntry } from './render.ts';

const SHOWN_ENTRIES = 6;

/** One screen of a recovery under way: where it stands, its actions as a tree, what happened last, what it waits for. */
export function renderProgress(paint: Paint, snapshot: RecoverySnapshot, timeline: readonly TimelineEntry[]): string {
  const { actions, startedAt, waitingFor } = snapshot;
  const done = actions.filter(({ finishedAt }) => finishedAt !== undefined).length;
  const age = formatMs(Math.max(0, Date.now() - Date.parse(startedAt)));
  const branches = actions.map(({ status, title, attempts, error }, index) => {
    const tries = attempts.length > 1 ? paint.dim(`, try ${attempts.length}`) : '';
    const why =
      error && status !== 'succeeded' ? paint.dim(`  ${error.message.split('\n')[0]?.slice(0, 60) ?? ''}`) : '';
    return `${index === actions.length - 1 ? '└─' : '├─'} ${paintStatus(paint, status)}  ${title}${tries}${why}`;
  });
  return [
    `${paint.bold(snapshot.workflowId)}  ${paintStatus(paint, snapshot.status)}  ${paint.dim(`${done} of ${actions.length} actions, ${age}`)}`,
    ...branches,
    '',
    ...timeline.slice(-SHOWN_ENTRIES).map((entry) => renderTimelineEntry(paint, entry)),
    ...(waitingFor ? [paint.yellow(`Waits for ${waitingFor.key} since ${paint.time(waitingFor.since)}.`)] : []),
    ...unblockCommands(snapshot, '--reason "…"').map((command) => `${paint.dim('→')} ${command}`),
  ].join('\n');
}
