// Records one history for each path of each workflow, for the replay tests. With names, only those:
// `npx tsx --tsconfig tsconfig.run.json scripts/record-histories.ts NAME...`
// A history that is there is never written again: a change that no longer replays it has to be patched.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { findServer } from '../src/embedded/find-server.ts';
import { startServer } from '../src/embedded/start-server.ts';
import { bundleWorkflows } from '../test/support/bundle-workflows.ts';
import { createHarness } from '../test/support/harness.ts';
import { bundleUserWorkflows, withoutRules } from '../test/support/user/bundle.ts';
import { USER_PLAYBOOKS } from '../test/support/user/playbooks.ts';
import { createUserHarness } from '../test/support/user/user-harness.ts';
import { playUserPath, USER_PATHS } from '../test/replay/user-paths.ts';
import { PATHS, PATHS_RECORDED_AGAIN, PLAYBOOKS } from '../test/replay/paths.ts';

const folderOf = (name: string): string => fileURLToPath(new URL(`../test/replay/${name}`, import.meta.url));
const FOLDER = folderOf('histories');
/** Of workflows of a user that have a step recovered. */
const USER_FOLDER = folderOf('user-histories');

const wanted = process.argv.slice(2);
const missingIn = <Path extends { name: string }>(folder: string, paths: readonly Path[]): Path[] =>
  paths.filter(
    ({ name }) => (wanted.length === 0 || wanted.includes(name)) && !existsSync(path.join(folder, `${name}.json`)),
  );
const missing = missingIn(FOLDER, [...PATHS, ...PATHS_RECORDED_AGAIN]);
const missingOfUsers = missingIn(USER_FOLDER, USER_PATHS);
if (missing.length + missingOfUsers.length === 0) console.error('Every history is there already.');

const dataDir = await mkdtemp(path.join(tmpdir(), 'rerail-record-'));
const binary = await findServer({ onProgress: (line) => console.error(line) });
const server = await startServer({
  dataDir,
  binary: binary.path,
  port: 0,
  uiPort: 'none',
  storage: 'memory',
  lifetime: 'with-parent',
});

async function keep(workflowId: string, folder: string, name: string): Promise<void> {
  const words = ['workflow', 'show', '--workflow-id', workflowId, '--address', server.address, '--output', 'json'];
  const { stdout } = await promisify(execFile)(binary.path, words, { maxBuffer: 64 * 1024 * 1024 });
  await writeFile(path.join(folder, `${name}.json`), stdout, { flag: 'wx' });
  console.error(`${name}: ${(JSON.parse(stdout) as { events: unknown[] }).events.length} events`);
}

try {
  const codePath = await bundleWorkflows(dataDir);
  for (const { name, play } of missing) {
    const harness = await createHarness({
      address: server.address,
      workflowBundle: { codePath },
      playbooks: PLAYBOOKS,
    });
    try {
      await keep(await play(harness), FOLDER, name);
    } finally {
      await harness.stop();
    }
  }
  for (const wayOfUser of missingOfUsers) {
    const bundle = wayOfUser.rules === 'none' ? await withoutRules() : await bundleUserWorkflows();
    const harness = await createUserHarness({ address: server.address, playbooks: USER_PLAYBOOKS, bundle });
    try {
      await keep(await playUserPath(harness, wayOfUser), USER_FOLDER, wayOfUser.name);
    } finally {
      await harness.stop();
    }
  }
} finally {
  await server.stop();
  await rm(dataDir, { recursive: true, force: true });
}
