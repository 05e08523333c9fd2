import { runMain } from './lib/failure.mjs';
import { inRoot } from './lib/paths.mjs';
import { runAttached } from './lib/run.mjs';
import { setUp } from './lib/set-up.mjs';

/** `npm run bench -- overhead` prints both figures and their ratio; `-- engine [--quick]` all of the engine. Leave the machine alone meanwhile. */
await runMain(async () => {
  await setUp();
  process.env['TSX_TSCONFIG_PATH'] = inRoot('tsconfig.run.json');
  return runAttached(process.execPath, ['--import', 'tsx', inRoot('bench/main.ts'), ...process.argv.slice(2)]);
});
