import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const SLOW = 120_000;

interface ProjectOptions {
  /** Needs a Temporal server, which test/support/global-setup.ts starts once for all of them. */
  server: boolean;
  /** Its files leave nothing behind in the process: they share one, which loads Temporal's core and our modules once. */
  shared?: boolean;
  /** Beside the folder of its name. */
  also?: string[];
}

function project(name: string, { server, shared = false, also = [] }: ProjectOptions) {
  return {
    test: {
      name,
      environment: 'node' as const,
      isolate: !shared,
      include: [`test/${name}/**/*.test.ts`, ...also],
      testTimeout: SLOW,
      ...(server && {
        globalSetup: ['test/support/global-setup.ts'],
        hookTimeout: SLOW,
        teardownTimeout: SLOW,
      }),
    },
  };
}

/** They wait a lot; begun last, one of them would keep the whole run waiting. */
const LONG = [
  'protected-run',
  'engine',
  'demo',
  'readme',
  'cli-worker',
  'replay',
  'commands',
  'embedded-server',
  'kills',
  'transactions-killed',
  'dashboard',
];

class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLong = ({ moduleId }: TestSpecification) => LONG.some((name) => moduleId.endsWith(`/${name}.test.ts`));
    const sorted = await super.sort(files);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

export default defineConfig({
  test: {
    sequence: { sequencer: LongFirst },
    // Most suites wait for a server, timers and child processes for much of their time, so one more than two cores hold.
    maxWorkers: 3,
    coverage: { provider: 'v8', include: ['src/**/*.ts'], reportsDirectory: 'coverage' },
    projects: [
      project('unit', { server: false, shared: true, also: ['dashboard/test/**/*.test.{ts,tsx}'] }),
      project('contract', { server: false, shared: true }),
      project('workflow', { server: true, shared: true }),
      project('replay', { server: true, shared: true }),
      project('integration', { server: true }),
      project('chaos', { server: false }),
      project('e2e', { server: true }),
    ],
  },
});
