import type { ActionRecord } from './recovery.ts';
import type { RecoveryReport } from './report.ts';

/** What a stretch of a recovery was spent on. */
export type StretchKind = 'detection' | 'planning' | 'humanWait' | 'action' | 'verification';

/** Milliseconds since the fault began. */
export interface Stretch {
  kind: StretchKind;
  name: string;
  from: number;
  to: number;
  /** Of an action that did not help. */
  failed?: boolean;
}

const HELPED = ['succeeded', 'compensated'];

/**
 * A recovery as bars over time: until it was seen, planned, waited for an approval, each action, verified. Oldest first; stretches
 * of which the report does not know both ends are left out.
 */
export function waterfallOf(
  report: Pick<RecoveryReport, 'times' | 'actions' | 'failedStrategies' | 'approvals'>,
): Stretch[] {
  const { times, actions, failedStrategies = [], approvals } = report;
  const start = Date.parse(times.t0);
  const stretches: Stretch[] = [];
  const add = (kind: StretchKind, name: string, from: string | undefined, to: string | undefined, more = {}): void => {
    if (from === undefined || to === undefined) return;
    const begin = Math.max(0, Date.parse(from) - start);
    stretches.push({ kind, name, from: begin, to: Math.max(begin, Date.parse(to) - start), ...more });
  };
  add('detection', 'until it was seen', times.t0, times.t1);
  add('planning', 'planned', times.t1, times.t2);
  // Those of single actions lie within the action; one from before this plan was no wait for it.
  const answered = approvals.filter(({ actionId, at }) => actionId === undefined && at > (times.t2 ?? at)).at(-1);
  if (answered) add('humanWait', 'waited for an approval', times.t2, answered.at);
  const tried: ActionRecord[] = [...failedStrategies.flatMap((strategy) => strategy.actions), ...actions];
  for (const { type, title, status, startedAt, finishedAt } of tried) {
    const failed = HELPED.includes(status) ? {} : { failed: true };
    add(type === 'manual' ? 'humanWait' : 'action', title, startedAt, finishedAt, failed);
  }
  add('verification', 'verified', times.t4, times.t5);
  return stretches;
}
