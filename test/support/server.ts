import { inject } from 'vitest';

/** For `Worker.create({ workflowBundle })`. */
export function workflowBundle(): { codePath: string } {
  const codePath = inject('workflowBundlePath');
  if (codePath === '') throw new Error('src/workflows/index.ts does not exist, so there is no workflow bundle');
  return { codePath };
}
