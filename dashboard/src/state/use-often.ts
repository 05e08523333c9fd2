import { useEffect } from 'react';

/** Calls again and again while the page is there: for what no stream tells. */
export function useOften(call: () => void, everyMs: number): void {
  useEffect(() => {
    const timer = setInterval(call, everyMs);
    return () => clearInterval(timer);
  }, [call, everyMs]);
}
