import { runMain } from './lib/failure.mjs';
import { inRoot } from './lib/paths.mjs';
import { runAttached } from './lib/run.mjs';
import { setUp } from './lib/set-up.mjs';

/** `npm start` runs server, worker and demo until Ctrl-C; `npm run demo` runs the demo once. */
function cliArguments(given) {
  if (!given.includes('--demo')) return ['up', '--demo', ...given];
  return ['demo', ...given.filter((argument) => argument !== '--demo')];
}

await runMain(async () => {
  await setUp();
  return runAttached(process.execPath, [inRoot('dist/cli/main.js'), ...cliArguments(process.argv.slice(2))]);
});
