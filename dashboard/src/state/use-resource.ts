import { useCallback, useEffect, useRef, useState } from 'react';
import { problemOf, type Api } from '../api/client.ts';
import type { Problem } from '../api/types.ts';
import { useSession } from './session.tsx';

export interface Resource<T> {
  data: T | undefined;
  problem: Problem | undefined;
  loading: boolean;
  /** Asks again and keeps what is shown until the answer is there. */
  reload: () => void;
  change: (edit: (data: T) => T) => void;
  /** Asks once more where an answer is on its way, which may be older than what has been heard since. */
  settle: () => void;
}

const RETRY_MS = 2000;

/** What the API answers to `load`; `key` names it: another key is another thing, for which nothing old is shown. */
export function useResource<T>(key: string, load: (api: Api, signal: AbortSignal) => Promise<T>): Resource<T> {
  const { api } = useSession();
  const [held, setHeld] = useState<{ key: string; data?: T; problem?: Problem }>({ key });
  const [round, setRound] = useState(0);
  const latest = useRef(load);
  latest.current = load;
  const busy = useRef<{ again: boolean } | undefined>(undefined);

  const reload = useCallback(() => {
    // One at a time: what comes in meanwhile is one more round afterwards.
    if (busy.current) busy.current.again = true;
    else setRound((n) => n + 1);
  }, []);

  const settle = useCallback(() => {
    if (busy.current) busy.current.again = true;
  }, []);

  useEffect(() => {
    const controller = new AbortController();
    const mine = { again: false };
    let timer: ReturnType<typeof setTimeout> | undefined;
    busy.current = mine;
    const done = (): void => {
      if (busy.current === mine) busy.current = undefined;
      if (mine.again) setRound((n) => n + 1);
    };
    latest.current(api, controller.signal).then(
      (data) => {
        if (controller.signal.aborted) return;
        setHeld({ key, data });
        done();
      },
      (error: unknown) => {
        if (controller.signal.aborted) return;
        const problem = problemOf(error);
        setHeld((before) => (before.key === key ? { ...before, problem } : { key, problem }));
        done();
        if (problem.status === 0 || problem.status === 503) timer = setTimeout(reload, RETRY_MS);
      },
    );
    return () => {
      controller.abort();
      clearTimeout(timer);
      if (busy.current === mine) busy.current = undefined;
    };
  }, [api, key, round, reload]);

  const change = useCallback((edit: (data: T) => T) => {
    setHeld((before) => (before.data === undefined ? before : { ...before, data: edit(before.data) }));
  }, []);
  const present = held.key === key ? held : { key };
  const { data, problem } = present as { data?: T; problem?: Problem };
  return { data, problem, loading: data === undefined && problem === undefined, reload, change, settle };
}
