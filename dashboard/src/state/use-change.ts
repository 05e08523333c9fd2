import { useCallback, useState } from 'react';
import { problemOf } from '../api/client.ts';
import type { Problem } from '../api/types.ts';

export interface ChangeState {
  busy: boolean;
  problem: Problem | undefined;
  /** Carries it out; the answer says whether it worked. */
  run: (work: () => Promise<unknown>) => Promise<boolean>;
  clear: () => void;
}

/** One thing at a time that changes something, and why it was refused. */
export function useChange(): ChangeState {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const run = useCallback(async (work: () => Promise<unknown>) => {
    setBusy(true);
    setProblem(undefined);
    try {
      await work();
      return true;
    } catch (error) {
      setProblem(problemOf(error));
      return false;
    } finally {
      setBusy(false);
    }
  }, []);
  const clear = useCallback(() => setProblem(undefined), []);
  return { busy, problem, run, clear };
}
