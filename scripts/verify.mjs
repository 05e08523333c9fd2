import { runMain } from './lib/failure.mjs';
import { formatDuration } from './lib/progress.mjs';
import { runNpm } from './lib/run.mjs';
import { setUp } from './lib/set-up.mjs';

const SCRIPTS = ['lint:check', 'check:types', 'check:layers', 'check:unused', 'generate:check', 'check:package'];

const CHECKS = [
  // A lock made beside an installed node_modules may lack other platforms' binaries, and then no fresh clone installs.
  {
    name: 'package-lock',
    args: ['ci', '--dry-run', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'],
  },
  ...SCRIPTS.map((name) => ({ name, args: ['run', '--silent', name] })),
];

/** All run, even after one has failed: one round shows everything there is to do. */
async function runCheck({ name, args }) {
  const started = Date.now();
  const { exitCode, output } = await runNpm(args);
  const passed = exitCode === 0;
  console.log(`${passed ? 'ok    ' : 'FAILED'} ${name} (${formatDuration(Date.now() - started)})`);
  if (!passed) console.log(output.trimEnd().replace(/^/gm, '       '));
  return passed;
}

await runMain(async () => {
  await setUp();
  const failed = [];
  for (const check of CHECKS) if (!(await runCheck(check))) failed.push(check.name);
  console.log(failed.length === 0 ? `All ${CHECKS.length} checks passed.` : `Failed: ${failed.join(', ')}.`);
  return failed.length === 0 ? 0 : 1;
});
