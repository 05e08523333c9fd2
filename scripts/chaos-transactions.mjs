import { runMain } from './lib/failure.mjs';
import { inRoot } from './lib/paths.mjs';
import { runAttached } from './lib/run.mjs';
import { setUp } from './lib/set-up.mjs';

/** `npm run chaos:transactions -- --rounds 3 -o json`; about half a minute for each round. */
await runMain(async () => {
  await setUp();
  process.env['TSX_TSCONFIG_PATH'] = inRoot('tsconfig.run.json');
  const main = inRoot('test/chaos/transactions-main.ts');
  return runAttached(process.execPath, ['--import', 'tsx', main, ...process.argv.slice(2)]);
});
