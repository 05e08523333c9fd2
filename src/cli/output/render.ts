import { formatMs } from '../../domain/duration.ts';
import { describeOperation } from '../../domain/operation.ts';
import type { PlannedAction } from '../../domain/action.ts';
import type { Artifact } from '../../domain/artifact.ts';
import type { CheckpointRecord } from '../../domain/checkpoint.ts';
import { shortHash, type Plan } from '../../domain/plan.ts';
import type { RecoverySnapshot, TimelineEntry } from '../../domain/recovery.ts';
import type { RecoveryReport } from '../../domain/report.ts';
import type { RunReport } from '../../domain/run.ts';
import { unblockCommands } from '../../domain/unblock-commands.ts';
import type { Paint } from './output.ts';
import { renderTable } from './table.ts';

const GOOD = ['recovered', 'succeeded', 'complete', 'approved'];
const FAIR = [
  'partial',
  'skipped',
  'not_needed',
  'compensated',
  'awaiting_approval',
  'awaiting_operator',
  'paused',
  'waiting',
  'invalidated',
];
const BAD = ['failed', 'escalated', 'killed', 'timed_out', 'compensation_failed', 'corrupt', 'cancelled'];

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

function detailOf(action: PlannedAction): string {
  switch (action.type) {
    case 'retry':
      return `${action.retry.maximumAttempts}x ${action.steps.map(({ name }) => name).join(', ')}`;
    case 'resume':
    case 'rollback':
      return action.checkpointId;
    case 'run':
      return describeOperation(action.operation);
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
    `playbook ${snapshot.playbook ?? '-'} · plan ${planHash ? shortHash(planHash) : '-'} · ${snapshot.joined} joined · started ${snapshot.startedAt}`,
    ...(waitingFor
      ? [
          paint.yellow(
            `Waits for ${waitingFor.key} since ${waitingFor.since}${waitingFor.until ? `, until ${waitingFor.until}` : ''}.`,
          ),
        ]
      : []),
    '',
    renderActions(paint, snapshot.actions),
    ...unblockCommands(snapshot, '--reason "…"').map((command) => `\n${paint.dim('→')} ${command}`),
  ].join('\n');
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
    ...report.approvals.map(({ verdict, by, reason }) => `${verdict} by ${by}${reason ? `: ${reason}` : ''}`),
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

export function renderCheckpoints(paint: Paint, records: readonly CheckpointRecord[]): string {
  if (records.length === 0) return paint.dim('There are no checkpoints. Make one with `rerail checkpoint create`.');
  const rows = records.map(({ info, state, createdAt, fileCount, totalBytes, host }) => [
    info.id,
    info.type,
    info.name,
    paintStatus(paint, state),
    String(fileCount),
    formatBytes(totalBytes),
    createdAt,
    host,
    info.subject,
  ]);
  return renderTable(paint, ['id', 'type', 'name', 'state', 'files', 'size', 'created', 'host', 'subject'], rows);
}

export function renderArtifacts(paint: Paint, artifacts: readonly Artifact[]): string {
  if (artifacts.length === 0) return paint.dim('There are no artifacts. Save one with `rerail artifact save`.');
  const rows = artifacts.flatMap(({ name, type, current, versions }) =>
    versions.map(({ version, size, sha256, savedAt, storagePath }) => [
      name,
      type,
      version === current ? paint.bold(`${version} (current)`) : version,
      formatBytes(size),
      sha256.slice(0, 12),
      savedAt,
      storagePath,
    ]),
  );
  return renderTable(paint, ['name', 'type', 'version', 'size', 'sha256', 'saved', 'path'], rows);
}
