import { runMain } from './lib/failure.mjs';
import { inRoot } from './lib/paths.mjs';
import { runAttached } from './lib/run.mjs';
import { setUp } from './lib/set-up.mjs';

/**
 * `npm run prove` measures what the requirements ask for and writes RESULTS.md, in about half an hour; `-- --only drills,heal`
 * measures some parts again and keeps the others, `-- --full` takes the long forms, `-- --render` measures nothing.
 */
await runMain(async () => {
  await setUp();
  process.env['TSX_TSCONFIG_PATH'] = inRoot('tsconfig.run.json');
  return runAttached(process.execPath, ['--import', 'tsx', inRoot('scripts/prove/main.ts'), ...process.argv.slice(2)]);
});
