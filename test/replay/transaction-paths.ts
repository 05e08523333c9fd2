import type { TransactionDraft } from '../../src/domain/transaction.ts';
import { waitsFor } from '../support/broken-target.ts';
import { commandFailed, until, type Harness } from '../support/harness.ts';

type Answer = () => unknown;

/** Three commands, each with an undo; answers by their words, of those that do not simply work. */
function begin(harness: Harness, by: Record<string, Answer>, more: Partial<TransactionDraft> = {}) {
  harness.fakes['runCommand'] = async ({ operation }: { operation: { argv: string[] } }) => {
    await by[operation.argv.join(' ')]?.();
    return { exitCode: 0, durationMs: 1 };
  };
  const command = (...argv: string[]) => ({ kind: 'command' as const, argv });
  const operations: TransactionDraft['operations'] = ['a', 'b', 'c'].map((id) => ({
    id,
    operation: command('do', id),
    undo: command('undo', id),
    retry: { maximumAttempts: 2, initialInterval: '1ms' },
  }));
  return harness.recoveries.transactions.start(
    { name: 'order', target: harness.target, operations, ...more },
    { key: harness.host, host: harness.host },
  );
}

const fail = (times = 99): Answer => {
  let left = times;
  return () => {
    if (left-- > 0) throw commandFailed('no');
  };
};

export const TRANSACTION_PATHS: { name: string; play: (harness: Harness) => Promise<string> }[] = [
  {
    name: 'transaction-committed-after-retry',
    async play(harness) {
      const handle = await begin(harness, { 'do b': fail(1) });
      await handle.result();
      return handle.workflowId;
    },
  },
  {
    name: 'transaction-undone-with-failing-undo',
    async play(harness) {
      const handle = await begin(harness, { 'do c': fail(), 'undo b': fail() });
      await handle.result();
      return handle.workflowId;
    },
  },
  {
    name: 'transaction-cancelled',
    async play(harness) {
      let release = (): void => undefined;
      const hangs = () => new Promise<void>((resolve) => (release = resolve));
      const handle = await begin(harness, { 'do b': hangs });
      await until(() => Promise.resolve(harness.calls.includes('runCommand do b')), 'the second operation');
      await handle.cancel();
      const { workflow } = harness.client;
      await until(async () => {
        const { events } = await workflow.getHandle(handle.workflowId).fetchHistory();
        return events?.some(({ activityTaskCancelRequestedEventAttributes: asked }) => asked);
      }, 'the request to stop it');
      release();
      await handle.result();
      return handle.workflowId;
    },
  },
  {
    name: 'transaction-undo-parked',
    async play(harness) {
      const handle = await begin(harness, { 'do b': fail(), 'undo b': fail(3) }, { onUndoFailure: 'park' });
      await waitsFor(handle, 'decision:b');
      await handle.decide({ decision: 'retry', actionId: 'b', by: 'ada', reason: 'mended' });
      await handle.result();
      return handle.workflowId;
    },
  },
];
