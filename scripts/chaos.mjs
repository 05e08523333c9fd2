import { runMain } from './lib/failure.mjs';
import { inRoot } from './lib/paths.mjs';
import { runAttached } from './lib/run.mjs';
import { setUp } from './lib/set-up.mjs';

/** `npm run chaos -- --short --seed 1 -o json`; `--help` has the experiments. */
await runMain(async () => {
  const words = process.argv.slice(2);
  if (!words.includes('--help') && !words.includes('-h')) await setUp();
  process.env['TSX_TSCONFIG_PATH'] = inRoot('tsconfig.run.json');
  return runAttached(process.execPath, ['--import', 'tsx', inRoot('test/chaos/suite/main.ts'), ...words]);
});
