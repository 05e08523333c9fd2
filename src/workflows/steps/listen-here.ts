import { ApplicationFailure, isCancellation, setHandler } from '@temporalio/workflow';
import { HandlerUnfinishedPolicy } from '@temporalio/common';
import { recoveryClosedSignal, retryStepUpdate } from '../messages.ts';
import { takeChecked } from './check-message.ts';
import { checkOutcome, checkRetryStep } from './check-recovery-message.ts';
import { recordError } from './record-error.ts';
import { here, leftAlone, type StepHere } from './recovery-context.ts';

/** A failure that says what failed, as an update has to answer; what Temporal or the workflow threw stays its cause. */
function asFailure(error: unknown): ApplicationFailure {
  const { code, message, retryable } = recordError(error);
  return ApplicationFailure.create({
    message,
    type: code,
    nonRetryable: true,
    details: [{ retryable: retryable && !isCancellation(error) }],
    ...(error instanceof Error ? { cause: error } : {}),
  });
}

/** Does the step once at a time; done once, it is not done again. */
async function runOnce(step: StepHere): Promise<void> {
  if (step.done) return;
  step.running ??= (async () => {
    try {
      step.done = { value: await leftAlone(step.run) };
    } finally {
      delete step.running;
    }
  })();
  await step.running;
}

/** Lets recoveries tell this execution how they ended, and ask it to do a step again. */
export function listenForRecoveries(): void {
  if (here.listening) return;
  here.listening = true;
  setHandler(
    recoveryClosedSignal,
    (given) =>
      takeChecked(given, checkOutcome, (outcome) => void here.closed.set(outcome.recoveryRunId, outcome), {
        what: 'the end of a recovery',
      }),
    { description: 'Sent by a recovery when it closes' },
  );
  setHandler(
    retryStepUpdate,
    async ({ key }) => {
      const step = here.steps.get(key);
      if (!step)
        throw ApplicationFailure.nonRetryable(`no step ${key} waits to be done again`, 'action-not-applicable');
      try {
        await runOnce(step);
      } catch (error) {
        throw asFailure(error);
      }
      return { done: true };
    },
    {
      validator: checkRetryStep,
      // A recovery that has given up on it must not keep the workflow from ending.
      unfinishedPolicy: HandlerUnfinishedPolicy.ABANDON,
      description: 'Sent by a recovery that tries a step again: {"key": "…"}',
    },
  );
}
