import { workflowInfo } from '@temporalio/workflow';
import { formatMs } from '../../domain/duration.ts';
import { shortHash } from '../../domain/plan.ts';
import { unblockCommands } from '../../domain/unblock-commands.ts';
import type { RecoveryState } from '../recovery-state.ts';

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
    lines.push(...unblock(state).flatMap((command) => ['', '```', command, '```']));
  }
  return lines.join('\n');
}
