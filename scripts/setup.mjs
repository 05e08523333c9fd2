import { runMain } from './lib/failure.mjs';
import { setUp } from './lib/set-up.mjs';

await runMain(async () => {
  await setUp();
});
