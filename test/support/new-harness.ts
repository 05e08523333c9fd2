import { afterAll, afterEach, beforeAll, beforeEach, inject } from 'vitest';
import { createHarness, type Harness, type HarnessOptions } from './harness.ts';
import { workflowBundle } from './server.ts';

type More = Pick<HarnessOptions, 'maxCachedWorkflows' | 'sinks'>;

const create = (playbooks: string, more: More): Promise<Harness> =>
  createHarness({ address: inject('serverAddress'), workflowBundle: workflowBundle(), playbooks, ...more });

/** Called once by a suite: each of its tests finds a new harness in the same object. */
export function newHarnessForEach(playbooks: string, more: More = {}): Harness {
  const harness = {} as Harness;
  beforeEach(async () => {
    Object.assign(harness, await create(playbooks, more));
  });
  afterEach(() => harness.stop());
  return harness;
}

/**
 * The same with workers that all tests of the suite share, which saves most of the time of a short test. For suites whose
 * executions have the harness's target in their ids.
 */
export function sharedHarness(playbooks: string, more: More = {}): Harness {
  const harness = {} as Harness;
  beforeAll(async () => {
    Object.assign(harness, await create(playbooks, more));
  });
  beforeEach(() => {
    harness.target = harness.renew();
  });
  afterAll(() => harness.stop());
  return harness;
}
