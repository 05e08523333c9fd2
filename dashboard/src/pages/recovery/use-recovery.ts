import type { ServerEvent } from '../../api/follow-events.ts';
import { withQuery } from '../../api/client.ts';
import type { RecoveryDetail, RecoverySnapshot, TimelineEntry } from '../../api/types.ts';
import { useEvents } from '../../state/use-events.ts';
import { useLiveNews } from '../../state/live.tsx';
import { useResource } from '../../state/use-resource.ts';

export const recoveryApiPath = (id: string): string => `/api/v1/recoveries/${encodeURIComponent(id)}`;

/** An entry where it belongs; one that is there already is not added again. */
export function addEntry(timeline: readonly TimelineEntry[], entry: TimelineEntry): TimelineEntry[] {
  const last = timeline.at(-1)?.seq ?? 0;
  if (entry.seq > last) return [...timeline, entry];
  if (timeline.some(({ seq }) => seq === entry.seq)) return [...timeline];
  return [...timeline, entry].sort((a, b) => a.seq - b.seq);
}

function applyEvent(detail: RecoveryDetail, { event, data }: ServerEvent): RecoveryDetail {
  if (event === 'timeline') return { ...detail, timeline: addEntry(detail.timeline, data as TimelineEntry) };
  if (event === 'status') {
    const snapshot = data as RecoverySnapshot;
    return { ...detail, snapshot, status: snapshot.status, unanswered: undefined };
  }
  if (event === 'unanswered') return { ...detail, unanswered: (data as { detail: string }).detail };
  return detail;
}

/** One recovery, kept up to date: what the stream tells at once, and what belongs to it right after. */
export function useRecovery(id: string, run: string | undefined) {
  const path = recoveryApiPath(id);
  const resource = useResource(`${path} ${run}`, (api, signal) => api.get<RecoveryDetail>(path, { run }, signal));
  const { data, change, reload } = resource;
  const stream = data?.open ? withQuery(`${path}/events`, { run: data.runId }) : undefined;
  useEvents(stream, {
    onEvent(event) {
      change((detail) => applyEvent(detail, event));
      // Plan, allowed decisions and report come with the whole only.
      if (event.event !== 'timeline') reload();
    },
    onGap: reload,
    isLast: ({ event }) => event === 'closed',
  });
  useLiveNews(({ kind }) => kind === 'gap' && reload());
  return resource;
}
