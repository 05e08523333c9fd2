import { defineConfig } from 'vitest/config';

const SLOW = 120_000;

interface ProjectOptions {
  /** Needs a Temporal server, which test/support/global-setup.ts starts once for all of them. */
  server: boolean;
}

function project(name: string, { server }: ProjectOptions) {
  return {
    test: {
      name,
      environment: 'node' as const,
      include: [`test/${name}/**/*.test.ts`],
      ...(server && {
        globalSetup: ['test/support/global-setup.ts'],
        testTimeout: SLOW,
        hookTimeout: SLOW,
        teardownTimeout: SLOW,
      }),
    },
  };
}

export default defineConfig({
  test: {
    // Most suites wait for a server, timers and child processes for much of their time, so one more than two cores hold.
    maxWorkers: 3,
    coverage: { provider: 'v8', include: ['src/**/*.ts'], reportsDirectory: 'coverage' },
    projects: [
      project('unit', { server: false }),
      project('contract', { server: false }),
      project('workflow', { server: true }),
      project('replay', { server: true }),
      project('integration', { server: true }),
      project('chaos', { server: false }),
    ],
  },
});
