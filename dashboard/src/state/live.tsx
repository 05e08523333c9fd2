import { createContext, use, useCallback, useEffect, useMemo, useRef, useState, type ReactNode } from 'react';
import type { ServerEvent, StreamState } from '../api/follow-events.ts';
import type { Counts, ListedBreaker, ListedRecovery } from '../api/types.ts';
import { useEvents } from './use-events.ts';

export type LiveNews =
  | { kind: 'recoveries'; items: ListedRecovery[] }
  | { kind: 'breakers'; items: ListedBreaker[] }
  /** The connection was away: what is shown may be old. */
  | { kind: 'gap' };

interface Live {
  state: StreamState;
  counts: Counts | undefined;
  /** Temporal does not answer the API. */
  silent: string | undefined;
  subscribe: (listener: (news: LiveNews) => void) => () => void;
}

const LiveContext = createContext<Live | undefined>(undefined);

interface ListEvent {
  items: ListedRecovery[];
  counts: Counts;
  breakers: ListedBreaker[];
}

/** The stream about all recoveries: one for all pages. */
export function LiveProvider({ children }: { children: ReactNode }) {
  const listeners = useRef(new Set<(news: LiveNews) => void>());
  const [counts, setCounts] = useState<Counts>();
  const [silent, setSilent] = useState<string>();
  const tell = useCallback((news: LiveNews) => {
    for (const listener of listeners.current) listener(news);
  }, []);

  const onEvent = useCallback(
    ({ event, data }: ServerEvent) => {
      if (event === 'unanswered') return setSilent((data as { detail: string }).detail);
      setSilent(undefined);
      if (event === 'counts') setCounts(data as Counts);
      if (event === 'changed') tell({ kind: 'recoveries', items: (data as ListEvent).items });
      if (event === 'breakers')
        tell({ kind: 'breakers', items: (data as ListEvent).breakers ?? (data as ListEvent).items });
      if (event === 'list') {
        const all = data as ListEvent;
        setCounts(all.counts);
        tell({ kind: 'recoveries', items: all.items });
        tell({ kind: 'breakers', items: all.breakers });
      }
    },
    [tell],
  );
  const onGap = useCallback(() => tell({ kind: 'gap' }), [tell]);
  const state = useEvents('/api/v1/events', { onEvent, onGap });

  const subscribe = useCallback((listener: (news: LiveNews) => void) => {
    listeners.current.add(listener);
    return () => void listeners.current.delete(listener);
  }, []);
  const live = useMemo(() => ({ state, counts, silent, subscribe }), [state, counts, silent, subscribe]);
  return <LiveContext value={live}>{children}</LiveContext>;
}

export function useLive(): Live {
  const live = use(LiveContext);
  if (!live) throw new Error('there is no live stream here');
  return live;
}

export function useLiveNews(listener: (news: LiveNews) => void): void {
  const { subscribe } = useLive();
  const latest = useRef(listener);
  latest.current = listener;
  useEffect(() => subscribe((news) => latest.current(news)), [subscribe]);
}
