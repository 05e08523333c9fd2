import {
  isCancellation,
  patched,
  scheduleActivity,
  scheduleLocalActivity,
  TemporalFailure,
  workflowInfo,
  type ActivityInput,
  type LocalActivityInput,
  type WorkflowInterceptors,
} from '@temporalio/workflow';
import type { Json } from '../domain/canonical-json.ts';
import type { Operation } from '../domain/operation.ts';
import { fitsWildcard } from '../domain/wildcard.ts';
import { SHARED_TASK_QUEUE, WORKFLOW_TYPES } from '../domain/wire-names.ts';
import { askRecovery, type FailureHints } from './steps/ask-recovery.ts';
import { afterRecoveries, leftAlone, recoveriesSoFar } from './steps/recovery-context.ts';

/** An activity that has failed for good. */
export interface FailedActivity {
  workflowId: string;
  workflowType: string;
  activityType: string;
  args: readonly unknown[];
}

/** Which activities of which workflows are recovered, and how. `*` stands for any characters. */
export interface RecoverRule {
  workflow: string;
  activity: string;
  /** What broke, and the lock. Default: `<workflow type>/<activity type>`. */
  target?: string | ((failed: FailedActivity) => string);
  subject?: string;
  /** By name, instead of by choice. */
  playbook?: string;
  classify?: FailureHints;
  /** JSON Schema that another input, given by a person, has to fit. */
  inputSchema?: Record<string, Json>;
  /** What the activity returns when it is left out. With it, a plan may skip it without a person's approval. */
  fallback?: Json;
  /** One after the other, when it fails again. Default 2. */
  maxRecoveries?: number;
}

export interface RecoverActivitiesOptions {
  /** The first that matches counts; what matches none fails as ever. */
  rules: readonly RecoverRule[];
  /** Queue of Rerail's workers. Default `rerail`. */
  taskQueue?: string;
}

const ENGINE_TYPES: readonly string[] = Object.values(WORKFLOW_TYPES);
const MAX_RECOVERIES = 2;

const toDuration = (limit: string | number | undefined): Operation['timeout'] =>
  (typeof limit === 'number' ? `${limit}ms` : limit) as Operation['timeout'];

/** Of either kind: a recovery does a local one as a regular one. */
type Scheduled = ActivityInput | LocalActivityInput;

const queueOf = ({ options }: Scheduled): string | undefined =>
  'taskQueue' in options ? options.taskQueue : undefined;

/** A recovery does it again by itself when it takes one input; otherwise it asks the workflow to. */
function operationOf(input: Scheduled, rule: RecoverRule | undefined) {
  const { activityType, args, options } = input;
  if (args.length > 1) return undefined;
  const timeout = toDuration(options.startToCloseTimeout ?? options.scheduleToCloseTimeout);
  return {
    kind: 'activity' as const,
    name: activityType,
    taskQueue: queueOf(input) ?? workflowInfo().taskQueue,
    ...(args[0] === undefined ? {} : { input: args[0] as Json }),
    ...(rule?.inputSchema ? { inputSchema: rule.inputSchema } : {}),
    ...(timeout === undefined ? {} : { timeout }),
  };
}

const legal = (word: string): string =>
  word.replace(/[^A-Za-z0-9._@-]+/g, '-').replace(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, '');

function targetOf({ activityType, args }: Scheduled, rule: RecoverRule | undefined): string {
  const { workflowId, workflowType } = workflowInfo();
  if (typeof rule?.target === 'function') return rule.target({ workflowId, workflowType, activityType, args });
  return rule?.target ?? `${legal(workflowType) || 'workflow'}/${legal(activityType) || 'activity'}`;
}

/**
 * A factory for a workflow interceptor module: `export const interceptors = recoverActivities({ rules })`. An activity
 * that has spent its retries opens a recovery, and the workflow goes on with what that brings; unrecovered, the error
 * is thrown as ever. Whether a failure was handed over is recorded in the history, so rules may change under open workflows.
 */
export function recoverActivities({ rules, taskQueue = SHARED_TASK_QUEUE }: RecoverActivitiesOptions) {
  const ruleOf = (workflowType: string, input: Scheduled): RecoverRule | undefined =>
    ENGINE_TYPES.includes(workflowType) || (queueOf(input) === taskQueue && taskQueue !== workflowInfo().taskQueue)
      ? undefined
      : rules.find(
          (rule) => fitsWildcard(rule.workflow, workflowType) && fitsWildcard(rule.activity, input.activityType),
        );

  /** On replay the marker decides, whatever the rules are today; without one the workflow went on without a recovery. */
  const handsOver = (input: Scheduled, rule: RecoverRule | undefined, recoveries: number): boolean => {
    const id = `rerail-recover-${input.seq}`;
    if (workflowInfo().unsafe.isReplaying) return patched(id);
    return rule !== undefined && recoveries < (rule.maxRecoveries ?? MAX_RECOVERIES) && patched(id);
  };

  /** `run` does the activity once more, as the workflow itself would. */
  async function recovered(
    input: Scheduled,
    next: () => Promise<unknown>,
    run: () => Promise<unknown>,
  ): Promise<unknown> {
    const recoveries = recoveriesSoFar();
    // Infinity: somebody who waits for it deals with its failure.
    if (!Number.isFinite(recoveries)) return next();
    try {
      return await next();
    } catch (error) {
      // What is no failure of Temporal's is a bug of the workflow, or the SDK's word for a wait between local tries.
      if (!(error instanceof TemporalFailure) || isCancellation(error)) throw error;
      const rule = ruleOf(workflowInfo().workflowType, input);
      if (!handsOver(input, rule, recoveries)) throw error;
      const ending = await leftAlone(() =>
        askRecovery(
          {
            name: input.activityType,
            target: targetOf(input, rule),
            subject: rule?.subject,
            playbook: rule?.playbook,
            classify: rule?.classify,
            operation: operationOf(input, rule),
            run,
            optional: rule?.fallback !== undefined,
            taskQueue,
            ...(rule?.fallback === undefined ? {} : { keep: rule.fallback }),
          },
          error,
        ),
      );
      if (ending.how === 'unrecovered') throw error;
      if (ending.how === 'done') return ending.value;
      if (ending.how === 'skipped') return ending.kept;
      return afterRecoveries(recoveries + 1, run);
    }
  }

  return (): WorkflowInterceptors => ({
    outbound: [
      {
        scheduleActivity(input, next) {
          const { activityType, args, options, typeInfo } = input;
          return recovered(
            input,
            () => next(input),
            () => scheduleActivity<unknown>(activityType, args, options, typeInfo),
          );
        },
        scheduleLocalActivity(input, next) {
          const { activityType, args, options, typeInfo } = input;
          const run = () => scheduleLocalActivity<unknown>(activityType, args, options, typeInfo);
          return recovered(input, () => next(input), run);
        },
      },
    ],
  });
}
