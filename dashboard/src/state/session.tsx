import { createContext, use, useCallback, useEffect, useMemo, useState, type ReactNode } from 'react';
import { createApi, problemOf, type Api } from '../api/client.ts';
import { refusalOf, type Change } from '../api/access.ts';
import type { Me, Problem } from '../api/types.ts';

/** Of this tab only: it is gone when the tab is closed, and is never in an address. */
const STORED = 'rerail-token';

export interface Session {
  api: Api;
  me: Me | undefined;
  state: 'loading' | 'in' | 'out' | 'unreachable';
  problem: Problem | undefined;
  /** Whether a token was given: then there is something to sign out of. */
  hasToken: boolean;
  signIn: (token: string) => void;
  signOut: () => void;
}

const SessionContext = createContext<Session | undefined>(undefined);

const RETRY_MS = 2000;

export function SessionProvider({ children }: { children: ReactNode }) {
  const [token, setToken] = useState(() => sessionStorage.getItem(STORED) ?? undefined);
  const [me, setMe] = useState<Me>();
  const [problem, setProblem] = useState<Problem>();
  const [round, setRound] = useState(0);

  const forget = useCallback((why: Problem | undefined) => {
    sessionStorage.removeItem(STORED);
    setToken(undefined);
    setMe(undefined);
    setProblem(why);
  }, []);
  const api = useMemo(
    () => createApi(token, (why) => (token === undefined ? setProblem(why) : forget(why))),
    [token, forget],
  );

  useEffect(() => {
    const controller = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    api.get<Me>('/api/v1/whoami', undefined, controller.signal).then(
      (found) => {
        setMe(found);
        setProblem(undefined);
      },
      (error: unknown) => {
        if (controller.signal.aborted) return;
        const why = problemOf(error);
        // Why a token was refused is worth more than that none is there now.
        if (why.status !== 401) {
          setProblem(why);
          timer = setTimeout(() => setRound((n) => n + 1), RETRY_MS);
        } else setProblem((before) => before ?? why);
      },
    );
    return () => {
      controller.abort();
      clearTimeout(timer);
    };
  }, [api, round]);

  const session = useMemo<Session>(
    () => ({
      api,
      me,
      state: me ? 'in' : problem ? (problem.status === 401 ? 'out' : 'unreachable') : 'loading',
      problem,
      hasToken: token !== undefined,
      signIn(given) {
        sessionStorage.setItem(STORED, given);
        setProblem(undefined);
        setToken(given);
      },
      signOut: () => forget(undefined),
    }),
    [api, me, problem, token, forget],
  );
  return <SessionContext value={session}>{children}</SessionContext>;
}

export function useSession(): Session {
  const session = use(SessionContext);
  if (!session) throw new Error('there is no session here');
  return session;
}

/** Why whoever is signed in may not do this, or undefined. */
export function useRefusal(): (change: Change) => string | undefined {
  const { me } = useSession();
  return useCallback((change) => refusalOf(me, change), [me]);
}
