import { afterEach, beforeEach, inject } from 'vitest';
import { createHarness, type Harness, type HarnessOptions } from './harness.ts';
import { workflowBundle } from './server.ts';

/** Called once by a suite: each of its tests finds a new harness in the same object. */
export function newHarnessForEach(playbooks: string, more: Pick<HarnessOptions, 'maxCachedWorkflows'> = {}): Harness {
  const harness = {} as Harness;
  beforeEach(async () => {
    const address = inject('serverAddress');
    Object.assign(harness, await createHarness({ address, workflowBundle: workflowBundle(), playbooks, ...more }));
  });
  afterEach(() => harness.stop());
  return harness;
}
