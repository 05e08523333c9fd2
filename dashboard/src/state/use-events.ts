import { useEffect, useRef, useState } from 'react';
import { followEvents, type ServerEvent, type StreamState } from '../api/follow-events.ts';
import { useSession } from './session.tsx';

export interface EventHandlers {
  onEvent: (event: ServerEvent) => void;
  /** There was a gap: ask for everything once more. */
  onGap: () => void;
  isLast?: (event: ServerEvent) => boolean;
}

/** Follows a stream of the API while the page is there. Undefined: nothing to follow. */
export function useEvents(path: string | undefined, handlers: EventHandlers): StreamState {
  const { api } = useSession();
  const [state, setState] = useState<StreamState>('connecting');
  const latest = useRef(handlers);
  latest.current = handlers;
  useEffect(() => {
    if (path === undefined) return;
    const controller = new AbortController();
    void followEvents({
      path,
      token: api.token,
      signal: controller.signal,
      onEvent: (event) => latest.current.onEvent(event),
      isLast: (event) => latest.current.isLast?.(event) ?? false,
      onState(next, again) {
        if (controller.signal.aborted) return;
        setState(next);
        if (again) latest.current.onGap();
      },
    });
    return () => controller.abort();
  }, [api, path]);
  return state;
}
