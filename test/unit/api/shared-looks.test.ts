import { expect, it } from 'vitest';
import { createSharedLooks } from '../../../src/api/shared-looks.ts';

function counted() {
  let now = 0;
  let count = 0;
  const looks = createSharedLooks(() => now);
  return {
    looks,
    pass: (ms: number) => void (now += ms),
    ask: (key = 'a') => looks.look(key, () => Promise.resolve(++count)),
  };
}

it('looks once for all who ask the same within a moment', async () => {
  const { ask, pass } = counted();
  expect(await Promise.all([ask(), ask(), ask('b')])).toEqual([1, 1, 2]);
  pass(249);
  expect(await ask()).toBe(1);
  pass(1);
  expect(await ask()).toBe(3);
});

it('does not ask again what takes long to be answered', async () => {
  const { looks, pass } = counted();
  let answer: (text: string) => void = () => undefined;
  const slow = looks.look('a', () => new Promise<string>((resolve) => (answer = resolve)));
  pass(5000);
  const second = looks.look('a', () => Promise.resolve('a second one'));
  answer('the first one');
  expect(await Promise.all([slow, second])).toEqual(['the first one', 'the first one']);
  pass(250);
  expect(await looks.look('a', () => Promise.resolve('a new one'))).toBe('a new one');
});

it('looks anew after a change, also when the look before it is not over', async () => {
  const { ask, looks } = counted();
  const before = ask();
  looks.changed();
  expect(await Promise.all([before, ask()])).toEqual([1, 2]);
});

it('keeps no failure', async () => {
  const looks = createSharedLooks(() => 0);
  await expect(looks.look('a', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await looks.look('a', () => Promise.resolve('yes'))).toBe('yes');
});
