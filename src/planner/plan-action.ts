import {
  DEFAULT_RETRY,
  DEFAULT_TIMEOUT,
  REQUIRED_BY_DEFAULT,
  type ActionSpec,
  type PlannedAction,
} from '../domain/action.ts';
import type { ReplayStep } from '../domain/action.schema.ts';
import type { CheckpointRecord } from '../domain/checkpoint.ts';
import { toMs } from '../domain/duration.ts';
import type { Failure } from '../domain/failure.ts';
import { describeOperation, type Operation } from '../domain/operation.ts';
import { chooseCheckpoint, stepsSince } from './choose-checkpoint.ts';
import { isHostActivity, placeCommand, placeProbe, toOperation, workspaceOf } from './place-operation.ts';

export interface PlanContext {
  failure: Failure;
  checkpoints: readonly CheckpointRecord[];
  /** A person approves the plan before it runs, which covers a skip of a step that is not optional. */
  approved: boolean;
  /** Set by a rollback or resume for the retries after it. */
  restored?: CheckpointRecord;
}

/** Either the planned action or why it has no place in this plan. */
export type Planned = { action: PlannedAction } | { dropped: string };

function titleOf(spec: ActionSpec, failure: Failure, steps: readonly ReplayStep[]): string {
  if (spec.title) return spec.title;
  const step = failure.run?.failed.step;
  switch (spec.type) {
    case 'retry':
      return steps.length > 1
        ? `Run again ${steps.map(({ name }) => name).join(', ')}`
        : `Retry ${steps[0]?.name ?? ''}`;
    case 'resume':
      return `Resume from checkpoint: ${steps.map(({ name }) => name).join(', ')}`;
    case 'rollback':
      return 'Roll back to a checkpoint';
    case 'skip':
      return `Skip ${step ?? failure.target}`;
    case 'run':
      return (
        spec.run.activity ??
        spec.run.command?.join(' ') ??
        `${spec.run.http?.method ?? 'GET'} ${spec.run.http?.url ?? ''}`
      );
    case 'wait':
      return spec.for ? `Wait ${spec.for}` : 'Wait until probes pass';
    case 'manual':
      return 'Manual step';
    case 'escalate':
      return `Escalate to ${spec.to.join(', ')}`;
    case 'abort':
      return `Abort ${failure.target}`;
  }
}

const standIn = (operation: Operation) => ({ title: describeOperation(operation), operation });

function replayStep(name: string, operation: Operation, failure: Failure): ReplayStep {
  return { name, operation: placeCommand(operation, failure) };
}

function replaySteps(failure: Failure, record: CheckpointRecord | undefined): ReplayStep[] {
  if (failure.run)
    return stepsSince(failure, record).map(({ step, operation }) => replayStep(step, operation, failure));
  return failure.operation ? [replayStep(describeOperation(failure.operation), failure.operation, failure)] : [];
}

export function planAction(spec: ActionSpec, order: number, context: PlanContext): Planned {
  const { failure } = context;
  const timeout = spec.timeout ?? DEFAULT_TIMEOUT[spec.type];
  const compensation = spec.compensate && {
    title: `Undo of ${spec.title ?? spec.id}`,
    operation: toOperation(spec.compensate, timeout, failure),
  };
  const base = (steps: readonly ReplayStep[] = []) => ({
    id: spec.id,
    title: titleOf(spec, failure, steps),
    description: spec.description,
    order,
    required: spec.optional === undefined ? REQUIRED_BY_DEFAULT[spec.type] : !spec.optional,
    timeout,
    estimatedMs: toMs(spec.estimated ?? timeout),
    approval: spec.approval,
    compensation,
    success: (spec.success ?? []).map((probe) => placeProbe(probe, failure)),
  });
  const guarded = ({ breaker, fallback }: Pick<Extract<ActionSpec, { type: 'run' }>, 'breaker' | 'fallback'>) => ({
    breaker,
    fallback: fallback && standIn(toOperation(fallback, timeout, failure)),
  });

  switch (spec.type) {
    case 'retry': {
      const given = spec.operation && [replayStep(describeOperation(spec.operation), spec.operation, failure)];
      const steps = given ?? replaySteps(failure, context.restored);
      if (steps.length === 0) return { dropped: 'the failure names no operation that could be retried' };
      const retry = spec.retry ?? DEFAULT_RETRY;
      return { action: { ...base(steps), type: 'retry', retry, steps, ...guarded(spec) } };
    }
    case 'resume':
    case 'rollback': {
      if (!failure.subject) return { dropped: 'the failure names no subject, so there are no checkpoints' };
      const record = chooseCheckpoint(spec.type === 'resume' ? spec.from : spec.to, failure, context.checkpoints);
      if (!record) return { dropped: `${failure.subject} has no valid checkpoint to go back to` };
      const place = { checkpointId: record.info.id, subject: failure.subject, host: record.host };
      const named = `${record.info.name} (${record.info.id})`;
      if (spec.type === 'rollback') {
        context.restored = record;
        const action = { ...base(), ...place, type: 'rollback' as const, parts: spec.parts };
        return { action: { ...action, title: spec.title ?? `Roll back to ${named}` } };
      }
      const steps = replaySteps(failure, record);
      if (steps.length === 0) return { dropped: 'the failure names nothing to run again after the checkpoint' };
      context.restored = record;
      return { action: { ...base(steps), ...place, type: 'resume', steps } };
    }
    case 'skip': {
      if (failure.run && !failure.run.failed.optional && !context.approved) {
        return {
          dropped: `step ${failure.run.failed.step} is not optional and nobody is asked to approve leaving it out`,
        };
      }
      if (!failure.run && !failure.operation && !context.approved)
        return { dropped: 'the failure names no step and no operation that could be left out' };
      return { action: { ...base(), type: 'skip' } };
    }
    case 'run': {
      if (spec.run.activity && isHostActivity(spec.run.activity) && !workspaceOf(failure)) {
        return { dropped: `${spec.run.activity} works in a workspace and the failure names none` };
      }
      const operation = toOperation(spec.run, timeout, failure);
      return { action: { ...base(), type: 'run', operation, retry: spec.retry ?? DEFAULT_RETRY, ...guarded(spec) } };
    }
    case 'wait':
      return {
        action: {
          ...base(),
          type: 'wait',
          for: spec.for ?? (spec.until ? undefined : (failure.retryAfter ?? '1s')),
          until: (spec.until ?? []).map((probe) => placeProbe(probe, failure)),
        },
      };
    case 'manual':
      return {
        action: {
          ...base(),
          type: 'manual',
          instructions: spec.instructions ?? spec.description ?? '',
          commands: spec.commands ?? [],
          onTimeout: spec.onTimeout,
        },
      };
    case 'escalate':
      return { action: { ...base(), type: 'escalate', to: spec.to } };
    case 'abort':
      return { action: { ...base(), type: 'abort', reason: spec.reason ?? failure.message } };
  }
}
