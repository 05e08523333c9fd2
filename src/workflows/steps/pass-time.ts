import { condition, workflowInfo } from '@temporalio/workflow';

export interface TimeKeeping {
  /** Milliseconds since 1970 at which the state changes by itself; undefined when it never does. */
  nextDue: () => number | undefined;
  /** Called with the time at which it was due, or now if that is later. */
  onDue: (at: number) => void;
  /** Of the timer. */
  summary: () => string;
  /** Messages handled so far. */
  handled: () => number;
  continueAfter: number;
}

/** Lets a state change with the time until its history has grown long. */
export async function passTimeUntilLong(keeping: TimeKeeping): Promise<void> {
  const { nextDue, onDue, summary, handled, continueAfter } = keeping;
  const isLong = (): boolean => workflowInfo().continueAsNewSuggested || handled() >= continueAfter;
  while (!isLong()) {
    const due = nextDue();
    const moved = (): boolean => nextDue() !== due || isLong();
    if (due === undefined) await condition(moved);
    else if (!(await condition(moved, Math.max(1, due - Date.now()), { summary: summary() })))
      onDue(Math.max(due, Date.now()));
  }
}
