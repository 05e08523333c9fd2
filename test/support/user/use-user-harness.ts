import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, inject } from 'vitest';
import { createUserHarness, type UserHarness } from './user-harness.ts';

/** One for all tests of a file; each of them finds it as new, with a target of its own. */
export function useUserHarness(playbooks: string): UserHarness {
  const harness = {} as UserHarness;
  beforeAll(async () => {
    Object.assign(harness, await createUserHarness({ address: inject('serverAddress'), playbooks }));
  });
  beforeEach(() => {
    const { users, fakes, seen, calls } = harness;
    for (const replaced of [users, fakes]) for (const name of Object.keys(replaced)) delete replaced[name];
    seen.length = calls.length = 0;
    harness.target = `test/${randomUUID().slice(0, 8)}`;
  });
  afterAll(() => harness.stop());
  return harness;
}
