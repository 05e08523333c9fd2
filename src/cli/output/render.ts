import { formatMs } from '../../domain/duration.ts';
import { describeOperation } from '../../domain/operation.ts';
import type { PlannedAction } from '../../domain/action.ts';
import { shortHash, type Plan } from '../../domain/plan.ts';
import type { RecoverySnapshot, TimelineEntry } from '../../domain/recovery.ts';
import type { ApprovalRecord } from '../../domain/approval.ts';
import type { RecoveryReport } from '../../domain/report.ts';
import type { RunReport } from '../../domain/run.ts';
import { unblockCommands } from '../../domain/unblock-commands.ts';
import type { Paint } from './output.ts';
import { renderApproval } from './render-approval.ts';
import { renderTable } from './table.ts';

const GOOD = ['recovered', 'succeeded', 'complete', 'approved', 'committed', 'passed'];
const FAIR = [
  'partial',
  'skipped',
  'not_needed',
  'compensated',
  'undone',
  'awaiting_approval',
  'awaiting_operator',
  'paused',
  'waiting',
  'invalidated',
  'aborted',
  'invalid',
];
const BAD = [
  'failed',
  'escalated',
  'killed',
  'timed_out',
  'compensation_failed',
  'undo_failed',
  'corrupt',
  'cancelled',
];

/** A status word with its sign, coloured; the word alone says it too. */
export function paintStatus(paint: Paint, status: string): string {
  if (GOOD.includes(status)) return paint.green(`✔ ${status}`);
  if (FAIR.includes(status)) return paint.yellow(`● ${status}`);
  if (BAD.includes(status)) return paint.red(`✖ ${status}`);
  return paint.cyan(`… ${status}`);
}

export const formatBytes = (bytes: number): string => {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
};

/** What stands between a try and the dependency, and what stands in for it. */
const guardsOf = ({
  breaker,
  fallback,
}: Pick<Extract<PlannedAction, { type: 'run' }>, 'breaker' | 'fallback'>): string =>
  `${breaker === undefined ? '' : `, breaker ${breaker}`}${fallback ? `, else ${fallback.title}` : ''}`;

function detailOf(action: PlannedAction): string {
  switch (action.type) {
    case 'retry':
      return `${action.retry.maximumAttempts}x ${action.steps.map(({ name }) => name).join(', ')}${guardsOf(action)}`;
    case 'resume':
    case 'rollback':
      return action.checkpointId;
    case 'run':
      return `${describeOperation(action.operation)}${guardsOf(action)}`;
    case 'escalate':
      return action.to.join(', ');
    case 'manual':
      return action.instructions;
    default:
      return '';
  }
}

export function renderPlan(paint: Paint, plan: Plan): string {
  const head = [
    `${paint.bold(plan.name)}  ${paint.dim(`plan ${shortHash(plan.hash)}`)}`,
    `${plan.errorCategory} · ${plan.failureType} · ${plan.severity} · lane ${plan.lane} · mode ${plan.mode} · risk ${plan.risk} · confidence ${plan.confidence} · at most ${formatMs(plan.estimatedDurationMs)}`,
    ...(plan.description ? [paint.dim(plan.description)] : []),
    ...(plan.rootCause
      ? [
          `Root cause: ${plan.rootCause.component}, treated first by ${plan.rootCause.playbook}: ${plan.rootCause.reason}`,
        ]
      : []),
    ...(plan.requiresApproval
      ? [
          paint.yellow(
            `Needs ${plan.approval?.required ?? 1} approval, within ${plan.approval?.timeout ?? '30m'}, else ${plan.approval?.onTimeout ?? 'escalate'}.`,
          ),
        ]
      : []),
  ];
  const rows = plan.actions.map((action) => [
    String(action.order),
    action.type,
    action.title,
    detailOf(action),
    action.required ? 'required' : '',
    action.timeout,
    action.compensation ? 'undo' : '',
  ]);
  const reasons = plan.reasons.map((reason) => paint.dim(`- ${reason}`));
  const others = plan.alternatives.map(({ playbook, reason }) => paint.dim(`- not ${playbook}: ${reason}`));
  return [
    ...head,
    '',
    renderTable(paint, ['#', 'type', 'action', 'detail', '', 'limit', ''], rows),
    '',
    paint.bold('Why'),
    ...reasons,
    ...others,
  ].join('\n');
}

export function renderTimelineEntry(paint: Paint, entry: TimelineEntry): string {
  const by = entry.by ? paint.dim(` (${entry.by}${entry.reason ? `: ${entry.reason}` : ''})`) : '';
  const sign = {
    refused: paint.red('✖'),
    approval: paint.yellow('●'),
    decision: paint.yellow('●'),
    compensation: paint.magenta('↩'),
  } as Record<string, string>;
  const bad = / failed|fails:|could not/.test(entry.message);
  const good = / succeeded|passes:|recovered/.test(entry.message);
  const mark = sign[entry.kind] ?? (bad ? paint.red('✖') : good ? paint.green('✔') : paint.cyan('·'));
  return `${paint.dim(entry.at.slice(11, 23))} ${mark} ${entry.kind.padEnd(12)} ${entry.message}${by}`;
}

type Shown = Pick<RecoverySnapshot, 'actions'>['actions'];

function renderActions(paint: Paint, actions: Shown): string {
  const rows = actions.map((record) => [
    String(record.order),
    paintStatus(paint, record.status),
    record.type,
    record.title,
    String(record.attempts.length || ''),
    record.durationMs ? formatMs(record.durationMs) : '',
    record.error?.message.slice(0, 100) ?? record.note ?? '',
  ]);
  return renderTable(paint, ['#', 'state', 'type', 'action', 'tries', 'time', 'detail'], rows);
}

export function renderSnapshot(paint: Paint, snapshot: RecoverySnapshot): string {
  const { waitingFor, planHash } = snapshot;
  return [
    `${paint.bold(snapshot.workflowId)}  ${paintStatus(paint, snapshot.status)}`,
    `playbook ${snapshot.playbook ?? '-'} · plan ${planHash ? shortHash(planHash) : '-'} · ${snapshot.joined} joined · started ${paint.time(snapshot.startedAt)}`,
    ...(waitingFor
      ? [
          paint.yellow(
            `Waits for ${waitingFor.key} since ${paint.time(waitingFor.since)}${waitingFor.until ? `, until ${paint.time(waitingFor.until)}` : ''}.`,
          ),
        ]
      : []),
    ...(snapshot.approval ? [renderApproval(paint, snapshot.approval)] : []),
    '',
    renderActions(paint, snapshot.actions),
    ...unblockCommands(snapshot, '--reason "…"').map((command) => `\n${paint.dim('→')} ${command}`),
  ].join('\n');
}

function renderAnswer({
  verdict,
  by,
  reason,
  authenticated,
  breakGlass,
  voidedBy,
  carriedFrom,
}: ApprovalRecord): string {
  const marks = [
    ...(authenticated || verdict === 'timed_out' ? [] : ['unauthenticated']),
    ...(breakGlass ? ['broke the glass'] : []),
    ...(carriedFrom ? [`from ${carriedFrom}`] : []),
    ...(voidedBy ? [`void: ${voidedBy}`] : []),
  ];
  return `${verdict} by ${by}${marks.length > 0 ? ` (${marks.join(', ')})` : ''}${reason ? `: ${reason}` : ''}`;
}

export function renderReport(paint: Paint, report: RecoveryReport): string {
  const { durations, verification, classification } = report;
  const probes = verification.after.map(
    ({ name, passed, observed }) => `  ${passed ? paint.green('✔') : paint.red('✖')} ${name}: ${observed}`,
  );
  return [
    `${paint.bold(report.workflowId)}  ${paintStatus(paint, report.status)}`,
    report.summary,
    ...(classification
      ? [
          paint.dim(
            `${classification.category} · ${classification.type} · ${classification.severity}: ${classification.rule}`,
          ),
        ]
      : []),
    '',
    renderActions(paint, report.actions),
    '',
    `TTR ${durations.ttrMs === undefined ? '-' : formatMs(durations.ttrMs)} · detected after ${formatMs(durations.ttdMs)} · waited for people ${formatMs(durations.humanWaitMs)} · ${verification.verified ? `verified by ${verification.how}` : 'not verified'}`,
    ...probes,
    ...report.approvals.map(renderAnswer),
    ...(report.failedStrategies ?? []).map(
      ({ playbook, error }) => `${playbook} was tried before and did not help: ${error.message}`,
    ),
    ...report.compensations.map(
      ({ title, ok, error }) =>
        `${ok ? paint.green('✔') : paint.red('✖')} ${title}${error ? `: ${error.message}` : ''}`,
    ),
    ...(report.restored
      ? [
          `restored ${report.restored.checkpointId}, ${report.restored.changed} changes, backup ${report.restored.backupId ?? 'none'}`,
        ]
      : []),
    '',
    ...report.nextSteps.map((step) => `${paint.dim('→')} ${step}`),
  ].join('\n');
}

export function renderRun(paint: Paint, report: RunReport): string {
  const rows = report.steps.map((step) => [
    step.phase,
    step.step,
    paintStatus(paint, step.status),
    String(step.attempts || ''),
    step.durationMs ? formatMs(step.durationMs) : '',
    step.recoveries.length ? String(step.recoveries.length) : '',
    step.status === 'succeeded' ? '' : (step.error?.message.slice(0, 90) ?? ''),
  ]);
  return [
    `${paint.bold(report.workflowId)}  ${paintStatus(paint, report.status)}  ${formatMs(report.durationMs)}`,
    report.summary,
    '',
    renderTable(paint, ['phase', 'step', 'state', 'tries', 'time', 'recoveries', 'first error'], rows),
    ...report.compensations.map(
      ({ title, ok, error }) =>
        `${ok ? paint.green('✔') : paint.red('✖')} ${title}${error ? `: ${error.message}` : ''}`,
    ),
    paint.dim(`${report.checkpoints.length} checkpoints of ${report.subject}`),
  ].join('\n');
}
