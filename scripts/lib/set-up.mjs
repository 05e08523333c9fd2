import { ensureBuild } from './build.mjs';
import { withSetupLock } from './lock.mjs';
import { ensurePackages } from './packages.mjs';
import { createSteps, formatDuration } from './progress.mjs';
import { checkRequirements } from './requirements.mjs';
import { ensureServer } from './server.mjs';

/**
 * Everything between a fresh clone and a program that runs; each step does only what is missing.
 * `ownServer`: find or make a Temporal server even where the settings name a running one, as the tests need.
 */
export async function setUp({ ownServer = false } = {}) {
  const started = Date.now();
  const result = await withSetupLock(async () => {
    const { step } = createSteps(4);
    let server;
    await step('Requirements', () => checkRequirements());
    await step('npm packages', (report) => ensurePackages(report));
    await step('Build', (report) => ensureBuild(report));
    await step('Temporal server', async (report) => {
      server = await ensureServer(report, { own: ownServer });
      return server.summary;
    });
    return { serverPath: server.path };
  });
  process.stderr.write(`Set-up done in ${formatDuration(Date.now() - started)}.\n`);
  return result;
}
