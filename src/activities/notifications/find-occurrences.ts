import type { NotificationEvent, Occurrence } from '../../domain/notification.ts';
import type { ListedRecovery } from '../../domain/recovery-list.schema.ts';

const CLOSED: Record<string, NotificationEvent> = {
  recovered: 'recovery.recovered',
  partial: 'recovery.partial',
  failed: 'recovery.failed',
  escalated: 'recovery.escalated',
  cancelled: 'recovery.cancelled',
  killed: 'recovery.killed',
};

/** Waits for a person; for a breaker or for time nobody is needed. */
function waitEvent(waitingFor: string): 'approval' | 'operator' | undefined {
  if (/^approval(:|$)/.test(waitingFor)) return 'approval';
  return /^(manual|decision)(:|$)/.test(waitingFor) ? 'operator' : undefined;
}

/** The waits that were seen with the look before, by run. */
export type Waits = ReadonlyMap<string, Occurrence>;

export interface Found {
  occurrences: Occurrence[];
  waits: Waits;
}

const answeredOf = (wait: Occurrence, now: Date): Occurrence => ({
  ...wait,
  event: wait.event === 'approval.requested' ? 'approval.answered' : 'operator.answered',
  at: now.toISOString(),
});

/** What there is to tell of the recoveries that wait, have begun or have closed, and of waits that are over. Pure. */
export function findOccurrences(
  listed: readonly ListedRecovery[],
  { since, before, now }: { since: Date; before: Waits; now: Date },
): Found {
  const occurrences: Occurrence[] = [];
  const waits = new Map<string, Occurrence>();
  const closed = new Set<string>();
  for (const { workflowId, runId, target, severity, playbook, status, waitingFor, ...times } of listed) {
    const key = `${workflowId}/${runId}`;
    const about = {
      workflowId,
      runId,
      target,
      ...(severity === null ? {} : { severity }),
      ...(playbook === null ? {} : { playbook }),
    };
    if (Date.parse(times.startedAt) >= since.getTime()) {
      occurrences.push({ event: 'recovery.started', key, at: times.startedAt, ...about });
    }
    if (times.closedAt !== null) {
      closed.add(key);
      const event = CLOSED[status];
      if (event) occurrences.push({ event, key, at: times.closedAt, ...about });
      continue;
    }
    const kind = waitingFor === null ? undefined : waitEvent(waitingFor);
    if (waitingFor === null || kind === undefined) continue;
    // The server leaves out zeros at the end of a second's fraction, which the recovery does not.
    const at = new Date(times.waitingSince ?? now).toISOString();
    const event = kind === 'approval' ? 'approval.requested' : 'operator.needed';
    const wait: Occurrence = { event, key: `${key}/${waitingFor}/${at}`, at, ...about, waitingFor };
    waits.set(key, wait);
    occurrences.push(wait);
  }
  for (const [key, wait] of before) {
    // The end of the recovery says more than the end of the wait.
    if (!closed.has(key) && waits.get(key)?.key !== wait.key) occurrences.push(answeredOf(wait, now));
  }
  return { occurrences, waits };
}
