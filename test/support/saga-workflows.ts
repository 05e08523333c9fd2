// Workflows as users write them, bundled by test/workflow/saga.test.ts.
import { ApplicationFailure, isCancellation, proxyActivities, sleep } from '@temporalio/workflow';
import { saga, type Saga } from '../../src/workflows/saga.ts';

export interface ShopActivities {
  act(word: string): Promise<string>;
  /** Works until it is cancelled, then says so. */
  hang(word: string): Promise<string>;
}

const { act, hang } = proxyActivities<ShopActivities>({
  startToCloseTimeout: '20s',
  heartbeatTimeout: '5s',
  cancellationType: 'WAIT_CANCELLATION_COMPLETED',
  retry: { maximumAttempts: 1 },
});

const step = (tx: Saga, name: string, effect = () => act(name)): Promise<string> =>
  tx.step(name, effect, (result) => act(`undo ${name} ${result ?? 'unknown'}`));

export const commits = (): Promise<string> => saga(async (tx) => `${await step(tx, 'a')} and ${await step(tx, 'b')}`);

export const failsAtThird = (): Promise<string> =>
  saga(async (tx) => {
    await step(tx, 'a');
    await step(tx, 'b');
    return step(tx, 'fail c');
  });

export const hangs = (): Promise<string> =>
  saga(async (tx) => {
    await step(tx, 'a');
    return step(tx, 'b', () => hang('b'));
  });

/** The undo of `a` fails as well. */
export const undoFails = (): Promise<unknown> =>
  saga(async (tx) => {
    await step(tx, 'first');
    await tx.step(
      'a',
      () => act('a'),
      () => act('fail undo a'),
    );
    await step(tx, 'b');
    throw ApplicationFailure.nonRetryable('no stock', 'out-of-stock');
  });

export async function undoMended(): Promise<string> {
  let rounds = 0;
  const options = { onUndoFailure: ({ round }: { round: number }) => ((rounds = round), 'retry' as const) };
  const tries = ['fail undo', 'fail undo', 'undone'];
  try {
    return await saga(async (tx) => {
      await tx.step(
        'a',
        () => act('a'),
        () => act(tries[rounds] ?? 'too often'),
      );
      throw ApplicationFailure.nonRetryable('no stock');
    }, options);
  } catch (error) {
    return (error as Error).message;
  }
}

/** One of three fails while another hangs: it is stopped before anything is undone, and its next step is not begun. */
export const parallelFails = (): Promise<unknown> =>
  saga(async (tx) => {
    await step(tx, 'before');
    await tx.parallel([
      () => step(tx, 'left'),
      async () => {
        await step(tx, 'middle', () => hang('middle')).catch(() => undefined);
        await step(tx, 'late');
      },
      async () => {
        await sleep('50ms');
        await step(tx, 'fail right');
      },
    ]);
  });

/** The same without `parallel`: one branch goes on after the failure of the other. */
export const looseFails = (): Promise<unknown> =>
  saga((tx) =>
    Promise.all([
      step(tx, 'middle', () => hang('middle').catch(() => 'half done')).then(() => step(tx, 'late')),
      sleep('50ms').then(() => step(tx, 'fail right')),
    ]),
  );

export const parallelWorks = (): Promise<unknown> =>
  saga((tx) => tx.parallel([() => step(tx, 'x'), () => tx.step('number', () => 7)]));

/** The inner part is done when the outer one fails; another inner part fails and is left out. */
export const nested = (): Promise<unknown> =>
  saga(async (tx) => {
    await step(tx, 'outer 1');
    await tx.saga(async (inner) => {
      await step(inner, 'inner 1');
      await step(inner, 'inner 2');
    });
    await tx
      .saga(async (inner) => {
        await step(inner, 'optional');
        await step(inner, 'fail optional');
      })
      .catch((error: unknown) => {
        if (isCancellation(error)) throw error;
      });
    await step(tx, 'fail outer 2');
  });
