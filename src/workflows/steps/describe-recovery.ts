import { workflowInfo } from '@temporalio/workflow';
import { describePolicy } from '../../domain/approval.ts';
import { formatMs } from '../../domain/duration.ts';
import { describePrediction } from '../../domain/knowledge.ts';
import { pointOfNoReturn } from '../../domain/point-of-no-return.ts';
import { shortHash } from '../../domain/plan.ts';
import { unblockCommands } from '../../domain/unblock-commands.ts';
import type { RecoveryState } from '../recovery-state.ts';

/** As many paths as the page holds without scrolling; the query `status` has more. */
const LISTED_PATHS = 12;

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ').slice(0, 160);

/** The exact commands that end the present wait; an approval can also come from Temporal's own command line. */
function unblock({ plan, waitingFor }: RecoveryState): string[] {
  const { workflowId } = workflowInfo();
  const commands = unblockCommands({ workflowId, waitingFor, planHash: plan?.hash }, '--by YOU --reason WHY');
  if (waitingFor?.kind === 'approval') {
    const input = JSON.stringify({ planHash: shortHash(plan?.hash ?? ''), by: 'YOU', reason: 'WHY' });
    commands.push(`temporal workflow signal -w ${workflowId} --name approve --input '${input}'`);
  }
  return commands;
}

/** What an approver has to know before the answer. */
function impactLines({ open: { approval }, plan }: RecoveryState): string[] {
  if (!approval || !plan) return [];
  const { policy, granted, impact } = approval;
  const asked = describePolicy(policy, granted.length);
  const noReturn = pointOfNoReturn(plan.actions);
  const lines = [
    ...(asked.length > 0 ? [`Asked for: ${asked.join('; ')}.`] : []),
    `Point of no return: ${noReturn ?? 'none, everything can be taken back'}. At most ${formatMs(plan.estimatedDurationMs)}.`,
  ];
  if (approval.prediction) lines.push(`${describePrediction(approval.prediction)}.`);
  if (impact?.unknown !== undefined) lines.push(`What a rollback would change is not known: ${cell(impact.unknown)}`);
  for (const { checkpointId, root, changes, changesTotal, unchanged, git } of impact?.rollbacks ?? []) {
    const moved = git ? ` Git goes from ${git.from?.head ?? 'nothing'} to ${git.to.head ?? 'nothing'}.` : '';
    lines.push(
      `Rolling back to ${checkpointId} changes ${changesTotal} paths of ${cell(root)} and leaves ${unchanged}.${moved}`,
    );
    lines.push(...changes.slice(0, LISTED_PATHS).map(({ path, change }) => `- ${change} \`${cell(path)}\``));
  }
  return lines.flatMap((line) => (line.startsWith('- ') ? [line] : ['', line]));
}

/** Markdown for the Temporal UI: it alone must be enough to understand and approve a recovery. */
export function describeRecovery(state: RecoveryState): string {
  const { input, plan, classification, status, waitingFor } = state;
  const lines = [`**${status}** · ${input.failure.target}`, '', cell(input.failure.message)];
  if (plan && classification) {
    lines.push(
      '',
      `${classification.category} · ${classification.type} · ${classification.severity} · lane ${plan.lane} · playbook **${plan.playbook.name}** · plan \`${shortHash(plan.hash)}\` · risk ${plan.risk} · at most ${formatMs(plan.estimatedDurationMs)}`,
      '',
      '| # | action | type | state | tries | detail |',
      '|---|---|---|---|---|---|',
      ...state.actions.map(
        (record) =>
          `| ${record.order} | ${cell(record.title)} | ${record.type} | ${record.status} | ${record.attempts.length} | ${cell(record.error?.message ?? record.note ?? '')} |`,
      ),
    );
  }
  if (waitingFor) {
    lines.push(
      '',
      `Waits for **${waitingFor.key}** since ${waitingFor.since}${waitingFor.until ? `, until ${waitingFor.until}` : ''}.`,
    );
    lines.push(...impactLines(state));
    lines.push(...unblock(state).flatMap((command) => ['', '```', command, '```']));
  }
  return lines.join('\n');
}
