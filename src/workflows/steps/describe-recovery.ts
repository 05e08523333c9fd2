import { workflowInfo } from '@temporalio/workflow';
import { formatMs } from '../../domain/duration.ts';
import { shortHash } from '../../domain/plan.ts';
import type { RecoveryState } from '../recovery-state.ts';

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ').slice(0, 160);

/** The exact command that ends the present wait. */
function unblock(state: RecoveryState): string[] {
  const id = workflowInfo().workflowId;
  const { waitingFor, plan } = state;
  const hash = plan ? shortHash(plan.hash) : '';
  switch (waitingFor?.kind) {
    case 'approval':
      return [
        `rerail recovery approve ${id} --plan-hash ${hash} --by YOU --reason WHY`,
        `temporal workflow signal -w ${id} --name approve --input '{"planHash":"${hash}","by":"YOU","reason":"WHY"}'`,
      ];
    case 'manual':
      return [`rerail recovery complete ${id} ${waitingFor.actionId ?? ''} --by YOU`];
    case 'decision':
      return [
        `rerail recovery decide ${id} ${waitingFor.actionId ?? ''} retry|skip|abort|escalate --by YOU --reason WHY`,
      ];
    case 'resume':
      return [`rerail recovery resume ${id} --by YOU --reason WHY`];
    default:
      return [];
  }
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
