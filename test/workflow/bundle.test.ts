import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { workflowBundle } from '../support/server.ts';

it('has our workflows and no schema library: loading it for every workflow would cost twice the time', async () => {
  const bundle = await readFile(workflowBundle().codePath, 'utf8');
  expect(bundle).toContain('protectedRun');
  expect(bundle).not.toMatch(/node_modules\/zod|ZodError/);
});
