import { runMain } from './lib/failure.mjs';
import { inRoot } from './lib/paths.mjs';
import { runAttached } from './lib/run.mjs';
import { setUp } from './lib/set-up.mjs';

/** `npm run chaos:checkpoints -- --kills 500 --flips 1000 --minutes 1 --seed 1 -o json`; 10 to 20 minutes. */
await runMain(async () => {
  await setUp();
  process.env['TSX_TSCONFIG_PATH'] = inRoot('tsconfig.run.json');
  return runAttached(process.execPath, ['--import', 'tsx', inRoot('test/chaos/main.ts'), ...process.argv.slice(2)]);
});
