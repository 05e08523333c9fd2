import type { Seen } from '../../client/notifications.ts';
import { formatMs } from '../../domain/duration.ts';
import { describeImpact } from '../../domain/describe-impact.ts';
import { isClosing, type NotificationEvent, type Occurrence } from '../../domain/notification.ts';
import { shortHash } from '../../domain/plan.ts';
import type { RecoverySnapshot } from '../../domain/recovery.ts';
import type { RecoveryReport } from '../../domain/report.ts';
import { unblockCommands } from '../../domain/unblock-commands.ts';
import { recoveryPage } from '../../domain/wire-names.ts';
import { createRedactor, redactDeep } from '../../telemetry/redact.ts';
import type { Link, Message } from './message.ts';

type Fact = Message['facts'][number];

const TITLES: Record<NotificationEvent, (target: string) => string> = {
  'recovery.started': (target) => `A recovery of ${target} has begun`,
  'approval.requested': (target) => `The recovery of ${target} waits for an approval`,
  'approval.answered': (target) => `The recovery of ${target} waits for an approval no longer`,
  'operator.needed': (target) => `The recovery of ${target} waits for a person`,
  'operator.answered': (target) => `The recovery of ${target} waits for a person no longer`,
  'help.called': (target) => `${target} needs a person`,
  'recovery.recovered': (target) => `${target} has recovered`,
  'recovery.partial': (target) => `${target} works again, in part`,
  'recovery.failed': (target) => `The recovery of ${target} has failed`,
  'recovery.escalated': (target) => `${target} is not recovered: a person has to take over`,
  'recovery.cancelled': (target) => `The recovery of ${target} was cancelled`,
  'recovery.killed': (target) => `The recovery of ${target} was ended from outside, and nothing was undone`,
  'automation.off': () => 'Automation is off: no plan acts by itself',
  'automation.on': () => 'Automation is on again',
  'drill.regression': (target) => `Drills have become worse: ${target}`,
};

/** A value that is not there makes no line. */
const facts = (given: Record<string, string | undefined>): Fact[] =>
  Object.entries(given).flatMap(([label, value]) => (value === undefined || value === '' ? [] : [{ label, value }]));

function impactOf({ approval }: RecoverySnapshot): string | undefined {
  const { impact } = approval ?? {};
  return impact && describeImpact(impact).join('\n').slice(0, 1500);
}

function factsOfWait({ snapshot, plan, reported }: Seen, now: Date): Fact[] {
  const { waitingFor, approval, planHash, playbook } = snapshot ?? {};
  const left = waitingFor?.until === undefined ? undefined : Date.parse(waitingFor.until) - now.getTime();
  return facts({
    'What happened': reported?.message,
    Playbook: playbook,
    Plan: planHash === undefined ? undefined : shortHash(planHash),
    Wanted:
      waitingFor?.kind === 'approval'
        ? `an approval${waitingFor.actionId === undefined ? ' of the plan' : ` of the action ${waitingFor.actionId}`}`
        : waitingFor?.kind === 'manual'
          ? `the manual step ${waitingFor.actionId ?? ''}: ${plan?.actions.find(({ id }) => id === waitingFor.actionId)?.title ?? ''}`
          : waitingFor?.kind === 'decision'
            ? `a decision on the action ${waitingFor.actionId ?? ''}`
            : waitingFor?.kind,
    Until: waitingFor?.until === undefined ? undefined : `${waitingFor.until} (in ${formatMs(Math.max(0, left ?? 0))})`,
    Actions: plan?.actions.map(({ id, type }) => `${id} (${type})`).join(', '),
    Risk: approval?.risk,
    'Would change': snapshot && impactOf(snapshot),
  });
}

const factsOfReport = ({ summary, failure, plan, durations, error, nextSteps, approvals }: RecoveryReport): Fact[] =>
  facts({
    'How it ended': summary,
    'What happened': failure.message,
    Playbook: plan?.playbook.name,
    Plan: plan && shortHash(plan.hash),
    Took: formatMs(durations.totalMs),
    'Waited for people': durations.humanWaitMs > 0 ? formatMs(durations.humanWaitMs) : undefined,
    'Answered by': approvals.map(({ by, verdict }) => `${by} (${verdict})`).join(', '),
    Why: error?.message,
    Next: nextSteps.join(' '),
  });

export interface WriteInput {
  occurrence: Occurrence;
  /** Absent where there is no recovery, or nobody could tell. */
  seen?: Seen | undefined;
  publicUrl?: string | undefined;
  /** Made for the channel's reader. */
  links?: Link[];
  now: Date;
}

const redact = createRedactor();

/** What is said about an occurrence, with what looks like a secret masked. */
export function writeMessage({ occurrence, seen, publicUrl, links = [], now }: WriteInput): Message {
  const { event, key, at, workflowId, target = '', severity, detail } = occurrence;
  const waits = event === 'approval.requested' || event === 'operator.needed';
  const snapshot = waits ? seen?.snapshot : undefined;
  const ofDrills = event === 'drill.regression';
  const about = facts({ Severity: severity, [ofDrills ? 'Suite' : 'Recovery']: workflowId, Detail: detail });
  const rest =
    isClosing(event) && seen?.report ? factsOfReport(seen.report) : seen?.snapshot ? factsOfWait(seen, now) : [];
  const commands = snapshot
    ? unblockCommands(snapshot, '--by NAME --reason WHY')
    : ofDrills
      ? [`rerail drill suite report ${workflowId ?? ''}`]
      : [];
  const masked = redactDeep({ title: TITLES[event](target), facts: [...about, ...rest], commands }, redact) as Pick<
    Message,
    'title' | 'facts' | 'commands'
  >;
  const page =
    publicUrl === undefined || workflowId === undefined || ofDrills
      ? []
      : [{ label: 'Open', url: recoveryPage(publicUrl, workflowId) }];
  // After the masking: a link that lost its token would be none.
  return { event, key, at, ...masked, links: [...page, ...links], occurrence };
}
