import type { Client } from '@temporalio/client';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createKnowledge } from '../../../src/client/knowledge.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const planOf = (name: string) => ({
  ...{ failureType: 'network' as const, playbook: { name, source: 'user' as const }, confidence: 0.5, actions: [] },
});

/** Lists nothing, as often as it is told to after it has failed so often. */
function createLists(failures = 0) {
  const asked: string[] = [];
  const list = ({ query }: { query: string }) => {
    asked.push(query);
    if (asked.length <= failures) throw new Error('no answer');
    return (async function* () {})();
  };
  return { asked, client: { workflow: { list } } as unknown as Client };
}

it('reads the past once for all who ask within its time, for each playbook', async () => {
  const { asked, client } = createLists();
  const { predict } = createKnowledge(client, { keepMs: 1000 });
  await Promise.all([predict(planOf('a')), predict(planOf('a')), predict(planOf('b'))]);
  vi.advanceTimersByTime(999);
  await predict(planOf('a'));
  expect(asked).toHaveLength(2);
  vi.advanceTimersByTime(1);
  await predict(planOf('a'));
  expect(asked).toHaveLength(3);
});

it('does not keep what has failed, nor more than a hundred', async () => {
  const { asked, client } = createLists(1);
  const { predict } = createKnowledge(client, { keepMs: 1000 });
  await expect(predict(planOf('0'))).rejects.toThrow('no answer');
  for (let count = 0; count <= 100; count++) await predict(planOf(String(count)));
  expect(asked).toHaveLength(102);
  await predict(planOf('100'));
  expect(asked).toHaveLength(102);
  await predict(planOf('0'));
  expect(asked).toHaveLength(103);
});

it('reads anew for who wants it so', async () => {
  const { asked, client } = createLists();
  const { predict } = createKnowledge(client);
  await predict(planOf('a'));
  await predict(planOf('a'));
  expect(asked).toHaveLength(2);
});
