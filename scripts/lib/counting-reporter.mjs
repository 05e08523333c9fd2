import { writeFileSync } from 'node:fs';

/** A reporter of vitest that only counts, into the file that RERAIL_TEST_COUNTS names. */
export default function createCountingReporter() {
  return {
    onTestRunEnd(modules, unhandledErrors) {
      const counts = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
      for (const module of modules) {
        // A file that does not load has no tests to count, and must not go by unseen.
        counts.failed += module.errors().length;
        for (const test of module.children.allTests()) {
          const { state } = test.result();
          if (state in counts) counts[state] += 1;
        }
        for (const suite of module.children.allSuites()) counts.failed += suite.errors().length;
      }
      writeFileSync(process.env.RERAIL_TEST_COUNTS, JSON.stringify(counts));
    },
  };
}
