import type { RecoveryDetail } from '../api/types.ts';
import { formatSeconds, toMilliseconds } from './format.ts';
import { describeWait } from './waits.ts';

/** When the clock of the objective began, in milliseconds: the fault where it is known, else the report. */
export function clockStart({ report, startedAt, timeline }: RecoveryDetail): number {
  return Date.parse(report?.times.t0 ?? timeline[0]?.at ?? startedAt);
}

const sentenceCase = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
const ended = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);

function progress(detail: RecoveryDetail, now: number): string {
  const { snapshot, plan } = detail;
  const current = snapshot?.actions.find(({ id }) => id === snapshot.currentAction);
  if (!snapshot || !current) return 'Between two actions.';
  const tries = current.attempts.length > 0 ? `, try ${current.attempts.length + 1}` : '';
  const spent = formatSeconds(now - clockStart(detail));
  const objective = toMilliseconds(plan?.objectives.rto);
  const clock = objective === undefined ? `${spent} so far` : `${spent} of ${formatSeconds(objective)} RTO`;
  return `${current.title}: action ${current.order} of ${snapshot.actions.length}${tries}, ${clock}.`;
}

/** Where a recovery stands, in one sentence. */
export function standsAt(detail: RecoveryDetail, now: number): string {
  const { status, snapshot, plan, report, unanswered } = detail;
  if (report) return ended(report.summary);
  if (status === 'killed') return 'It was killed from outside, and nothing was undone.';
  if (!snapshot) return unanswered === undefined ? 'Not known yet.' : ended(sentenceCase(unanswered));
  const { waitingFor } = snapshot;
  const waited = waitingFor ? formatSeconds(now - Date.parse(waitingFor.since)) : '';
  const waits = waitingFor ? `${waited} for ${describeWait(waitingFor.key)}` : 'for a person';
  switch (snapshot.status) {
    case 'planning':
      return 'Finding out what failed, and what helps.';
    case 'awaiting_approval':
      return `Has waited ${waits}. It changes nothing meanwhile.`;
    case 'awaiting_operator':
      return `Has waited ${waits}.`;
    case 'paused':
      return snapshot.pausedBy
        ? `Paused by ${snapshot.pausedBy.by}: ${ended(snapshot.pausedBy.reason)}`
        : `Paused; has waited ${waits}.`;
    case 'executing':
      return waitingFor ? `Has waited ${waits}.` : progress(detail, now);
    case 'verifying':
      return `Looking whether it works: the probes must pass within ${plan?.verify.within ?? '30s'} and hold for ${plan?.verify.holdFor ?? '0s'}.`;
    case 'compensating':
      return 'Undoing what it has done, newest first.';
    default:
      return 'It has just closed; the report is on its way.';
  }
}
