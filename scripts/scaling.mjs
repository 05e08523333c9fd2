import { runMain } from './lib/failure.mjs';
import { inRoot } from './lib/paths.mjs';
import { runAttached } from './lib/run.mjs';

/**
 * `npm run scaling` writes docs/scaling.md from docs/results/scale.json; `-- --recoveries-per-day 20000 --actions 6`
 * prints what that would need instead.
 */
await runMain(() => {
  process.env['TSX_TSCONFIG_PATH'] = inRoot('tsconfig.run.json');
  return runAttached(process.execPath, ['--import', 'tsx', inRoot('scripts/scale/main.ts'), ...process.argv.slice(2)]);
});
