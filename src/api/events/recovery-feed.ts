import type { RecoveryHandle } from '../../client/recovery-handle.ts';
import { isRerailError, messageOf } from '../../domain/errors.ts';
import type { RecoverySnapshot, TimelineEntry } from '../../domain/recovery.ts';
import { createSharedPoll, type Listener, type SharedPoll } from './shared-poll.ts';
import type { StreamEvent } from './streams.ts';

const INTERVAL_MS = 500;

interface Feed {
  poll: SharedPoll<StreamEvent>;
  /** What has happened so far, for whoever comes later. */
  past: () => StreamEvent[];
}

const idOf = (runId: string, seq: number): string => `${runId}.${seq}`;

/** The number of the last entry that a client has seen of this execution; 0 for another one. */
export function seenBefore(lastEventId: string | undefined, runId: string): number {
  const [run, seq] = (lastEventId ?? '').split('.');
  return run === runId && /^\d{1,9}$/.test(seq ?? '') ? Number(seq) : 0;
}

function createFeed(handle: RecoveryHandle, runId: string): Feed {
  const timeline: TimelineEntry[] = [];
  let snapshot: RecoverySnapshot | undefined;
  let snapshotText = '';
  let silent = '';
  let end: StreamEvent | undefined;

  const timelineEvent = (entry: TimelineEntry): StreamEvent => ({
    event: 'timeline',
    id: idOf(runId, entry.seq),
    data: entry,
  });
  const statusEvent = (): StreamEvent[] => (snapshot ? [{ event: 'status', data: snapshot }] : []);

  async function look(emit: Listener<StreamEvent>): Promise<'more' | 'done'> {
    const add = (entries: readonly TimelineEntry[]): void => {
      const last = timeline.at(-1)?.seq ?? 0;
      for (const entry of entries.filter(({ seq }) => seq > last)) {
        timeline.push(entry);
        emit(timelineEvent(entry));
      }
    };
    const close = (status: string, summary: string): 'done' => {
      end = { event: 'closed', data: { status, summary } };
      emit(end);
      return 'done';
    };
    if (end) {
      emit(end);
      return 'done';
    }
    try {
      const { open, killed } = await handle.describe();
      if (killed) return close('killed', 'it was ended from outside and nothing was undone');
      if (!open) {
        const report = await handle.report();
        add(report.timeline);
        return close(report.status, report.summary);
      }
      const found = await handle.status();
      const text = JSON.stringify(found);
      if (found.timelineLength > (timeline.at(-1)?.seq ?? 0)) add(await handle.timeline(timeline.at(-1)?.seq ?? 0));
      if (text !== snapshotText) {
        snapshot = found;
        snapshotText = text;
        for (const event of statusEvent()) emit(event);
      }
      silent = '';
    } catch (error) {
      if (isRerailError(error) && error.code === 'recovery-not-found') return close('gone', 'it is not kept any more');
      const why = messageOf(error);
      if (why !== silent) emit({ event: 'unanswered', data: { detail: why } });
      silent = why;
    }
    return 'more';
  }

  return {
    poll: createSharedPoll({ intervalMs: INTERVAL_MS, look }),
    past: () => [...timeline.map(timelineEvent), ...statusEvent()],
  };
}

/** What happens to recoveries, looked at once for all who watch the same one. */
export function createRecoveryFeeds() {
  const feeds = new Map<string, Feed>();
  return {
    /** First what is known already, from the entry after the given one on, then what happens; the answer stops it. */
    watch(handle: RecoveryHandle, runId: string, after: number, listener: Listener<StreamEvent>): () => void {
      const key = `${handle.workflowId} ${runId}`;
      const feed = feeds.get(key) ?? createFeed(handle, runId);
      feeds.set(key, feed);
      const news: Listener<StreamEvent> = (event) => {
        if (event.event !== 'timeline' || (event.data as TimelineEntry).seq > after) listener(event);
      };
      feed.past().forEach(news);
      const stop = feed.poll.subscribe(news);
      return () => {
        stop();
        if (feed.poll.subscribers() === 0) feeds.delete(key);
      };
    },
  };
}
