import { existsSync, mkdirSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { failure, runMain } from './lib/failure.mjs';
import { cacheDir, inRoot } from './lib/paths.mjs';
import { runAttached, runCaptured, runNpm } from './lib/run.mjs';

async function versionOf(node) {
  if (!existsSync(node)) return undefined;
  const { exitCode, output } = await runCaptured(node, ['--version']);
  return exitCode === 0 ? output.trim() : undefined;
}

/** Node 22 as an npm package: no version manager needed, nothing of the machine changed. */
async function ensureNode22() {
  const directory = join(cacheDir(), 'node22');
  const node = join(directory, 'node_modules', 'node', 'bin', 'node');
  const present = await versionOf(node);
  if (present) return { node, version: present };
  process.stderr.write(`Installing node@22 from npm into ${directory}.\n`);
  mkdirSync(directory, { recursive: true });
  const { output } = await runNpm(['install', '--prefix', directory, '--no-audit', '--no-fund', 'node@22'], {
    cwd: directory,
  });
  const version = await versionOf(node);
  if (version) return { node, version };
  throw failure(
    `node@22 could not be installed from npm:\n${output.trim().slice(-1500)}`,
    'Check the network, then try again.',
  );
}

await runMain(async () => {
  const { node, version } = await ensureNode22();
  process.stderr.write(`Running the suite with Node ${version}.\n`);
  const env = { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH}` };
  return runAttached(node, [inRoot('scripts/test.mjs'), ...process.argv.slice(2)], { env });
});
