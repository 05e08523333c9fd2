import { ApplicationFailure, CancellationScope, CancelledFailure, TemporalFailure } from '@temporalio/workflow';
import { messageOf } from '../domain/errors.ts';
import { undoAll } from './steps/saga.ts';

/** An undo that has failed. */
export interface UndoFailure {
  step: string;
  error: unknown;
  /** How often it has failed, from 1. */
  round: number;
}

export interface SagaOptions {
  /**
   * Which errors end the saga and have it undone. Default: the failures of Temporal (`ApplicationFailure`, a failed
   * activity or child, a cancellation). To Temporal any other error is a mistake in the code: the workflow waits for
   * better code and goes on, with nothing undone. Give this where your workflow has `failureExceptionTypes`.
   */
  isFailure?: (error: unknown) => boolean;
  /** Asked when an undo has failed, so that a person may mend it. Default: `leave`. */
  onUndoFailure?: (failure: UndoFailure) => Promise<'retry' | 'leave'> | 'retry' | 'leave';
}

export interface Saga {
  /**
   * Registers the undo, then has the effect. Activities of an effect need `cancellationType:
   * 'WAIT_CANCELLATION_COMPLETED'`: without it a cancelled one may still be at work when its undo begins. When the saga fails, the undo gets the effect's result, or `undefined`
   * where it is not known whether it took effect: an undo is idempotent and can stand that there is nothing to undo.
   */
  step<Result>(
    name: string,
    effect: () => Promise<Result> | Result,
    undo?: (result: Result | undefined) => unknown,
  ): Promise<Result>;
  /** All at once. When one fails, the others are cancelled and waited for, so that no effect comes after its undo. */
  parallel<Results extends readonly unknown[]>(branches: {
    [Index in keyof Results]: () => Promise<Results[Index]>;
  }): Promise<Results>;
  /** A part that is undone by itself when it fails, and with this one when this one fails later. */
  saga<Result>(body: (inner: Saga) => Promise<Result>, options?: SagaOptions): Promise<Result>;
}

interface Registered {
  name: string;
  undo: () => unknown;
  onUndoFailure: NonNullable<SagaOptions['onUndoFailure']>;
}

const leave = (): 'leave' => 'leave';

/** A branch that goes on after the saga has begun to undo would leave effects behind. */
const tooLate = (): CancelledFailure => new CancelledFailure('the saga has ended: nothing more is begun in it');

async function settled(running: ReadonlySet<Promise<unknown>>): Promise<void> {
  while (running.size > 0) await Promise.allSettled([...running]);
}

/** Undoes, newest first, and says which could not be undone. */
async function undoRegistered(registered: Registered[]): Promise<UndoFailure[]> {
  const failures: UndoFailure[] = [];
  await undoAll(registered, async ({ name, undo, onUndoFailure }) => {
    for (let round = 1; ; round++) {
      try {
        await undo();
        return;
      } catch (error) {
        const failure = { step: name, error, round };
        const next = await Promise.resolve(failure).then(onUndoFailure).catch(leave);
        if (next === 'retry') continue;
        failures.push(failure);
        return;
      }
    }
  });
  return failures;
}

/** Temporal wraps what a failed activity or child says. */
function saidBy(error: unknown): string {
  const cause = error instanceof TemporalFailure && !(error instanceof ApplicationFailure) ? error.cause : undefined;
  return messageOf(cause ?? error);
}

function withUndoFailures(original: unknown, failures: readonly UndoFailure[]): ApplicationFailure {
  const undone = failures.map(({ step, error }) => `the undo of ${step} failed: ${saidBy(error)}`).join('; ');
  return ApplicationFailure.create({
    type: 'saga-undo-failed',
    message: `${saidBy(original)}; ${undone}`,
    nonRetryable: true,
    ...(original instanceof Error ? { cause: original } : {}),
    details: [
      {
        retryable: false,
        remedy: 'Undo by hand what the message names; the first error is the cause of this one.',
        details: { failed: failures.map(({ step, error }) => ({ step, message: saidBy(error) })) },
      },
    ],
  });
}

async function runSaga<Result>(
  body: (tx: Saga) => Promise<Result>,
  options: SagaOptions,
  outer?: Registered[],
): Promise<Result> {
  const { isFailure = (error) => error instanceof TemporalFailure, onUndoFailure = leave } = options;
  const registered: Registered[] = [];
  const running = new Set<Promise<unknown>>();
  let ended = false;

  /** What is in flight is known, so that it can be waited for before its undo. */
  const follow = <T>(work: () => Promise<T>): Promise<T> => {
    const promise = work();
    running.add(promise);
    const forget = (): void => void running.delete(promise);
    promise.then(forget, forget);
    return promise;
  };

  const tx: Saga = {
    step<T>(name: string, effect: () => Promise<T> | T, undo?: (result: T | undefined) => unknown): Promise<T> {
      if (ended || CancellationScope.current().consideredCancelled) return Promise.reject(tooLate());
      let result: T | undefined;
      if (undo) registered.push({ name, undo: () => undo(result), onUndoFailure });
      return follow(async () => {
        const known = await effect();
        result = known;
        return known;
      });
    },
    parallel: (branches) =>
      CancellationScope.cancellable(async () => {
        const scope = CancellationScope.current();
        const begun = branches.map((branch) => branch());
        try {
          return (await Promise.all(begun)) as never;
        } catch (error) {
          if (!isFailure(error)) throw error;
          scope.cancel();
          await Promise.allSettled(begun);
          throw error;
        }
      }),
    saga: (inner, innerOptions) => follow(() => runSaga(inner, { ...options, ...innerOptions }, registered)),
  };

  const scope = new CancellationScope();
  try {
    const result = await scope.run(() => body(tx));
    // Steps that nobody awaited are part of it all the same.
    while (running.size > 0) await Promise.all([...running]);
    ended = true;
    outer?.push(...registered);
    return result;
  } catch (error) {
    if (!isFailure(error)) throw error;
    ended = true;
    scope.cancel();
    await CancellationScope.nonCancellable(() => settled(running));
    const failures = await undoRegistered(registered);
    if (failures.length === 0) throw error;
    throw withUndoFailures(error, failures);
  }
}

/**
 * Runs steps that are all done or all undone (requirement 5.4): each step's undo is registered before its effect, and on
 * a failure or a cancellation the undos run in reverse order, beyond the reach of the cancellation. Throws the first
 * error when everything was undone; else `saga-undo-failed`, which names both and has the first one as its cause.
 */
export async function saga<Result>(body: (tx: Saga) => Promise<Result>, options: SagaOptions = {}): Promise<Result> {
  // Whoever exports this from a workflows file makes it startable by name, which makes no sense.
  if (typeof body !== 'function') {
    throw ApplicationFailure.nonRetryable('saga is called by workflows, it is not one', 'invalid-input');
  }
  return runSaga(body, options);
}
