import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCheckpointActivities } from '../src/activities/checkpoints/create-checkpoint-activities.ts';
import { createProviderRegistry } from '../src/activities/providers/provider.ts';
import { createSessionActivities } from '../src/activities/sessions/create-session-activities.ts';
import { newId } from '../src/domain/ids.ts';
import { createGitStore } from '../src/store/git-store/create-git-store.ts';
import { createTmuxServer, findTmux, type TmuxServer } from '../test/support/tmux-server.ts';
import { until } from '../test/support/until.ts';
import { changeFiles, makeTree } from './checkpoint-tree.ts';

const CHECKPOINTS = 20;
const TREE = { files: 2000, bytes: 30_000_000 };
const CHANGED_FILES = 50;
const PANES = 3;
/** What tmux keeps of a pane unless it is told otherwise. */
const HISTORY_LINES = 2000;
const LINES_BETWEEN = 400;
const TRANSCRIPT_BYTES_BETWEEN = 50_000;
const NAME = 'agent';

/** Says so many lines for each line of input; they are of random letters, which hardly compress. */
const TALKER = `
const { randomBytes } = require('node:crypto');
let said = 0;
require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  for (let left = Number(line); left > 0; left -= 1) console.log((said += 1) + ' ' + randomBytes(66).toString('base64'));
  console.log('said-' + said + '.');
});
`;

/** What a store holds of one session after so many checkpoints. */
export interface StoredSession {
  checkpoints: number;
  treeBytes: number;
  changedFilesBetween: number;
  panes: number;
  scrollbackLines: number;
  transcriptBytes: number;
  /** On the disk, of the whole store. */
  storeBytes: number;
}

const randomText = (bytes: number): string =>
  randomBytes((bytes * 3) / 4)
    .toString('base64')
    .slice(0, bytes);

const bytesOnDisk = (directory: string): number =>
  Number(execFileSync('du', ['--summarize', '--block-size=1', directory], { encoding: 'utf8' }).split('\t')[0]);

async function startTalkers(server: TmuxServer, root: string): Promise<string[]> {
  const command = [process.execPath, '-e', TALKER];
  const { pane } = await server.start(NAME, { cwd: root, command });
  const panes = [pane];
  while (panes.length < PANES)
    panes.push(await server.tmux('new-window', '-d', '-P', '-F', '#{pane_id}', '-t', `=${NAME}:`, ...command));
  return panes;
}

async function talk(server: TmuxServer, panes: readonly string[], lines: number, total: number): Promise<void> {
  for (const pane of panes) await server.tmux('send-keys', '-t', pane, String(lines), 'Enter');
  const all = `said-${String(total)}.`;
  for (const pane of panes)
    await until(async () => (await server.tmux('capture-pane', '-p', '-t', pane)).includes(all), all);
}

/** A session of a real tmux, whose panes are full and go on talking, and the tree and transcript of its agent. */
export async function measureStoredSession(home: string): Promise<StoredSession | undefined> {
  if (findTmux() === undefined) return undefined;
  const [root, dataDir, storePath] = [join(home, 'agent-tree'), join(home, 'agent'), join(home, 'agent', 'store.git')];
  const transcript = join(home, 'agent.jsonl');
  makeTree(root, TREE);
  const store = await createGitStore({ path: storePath });
  const openStore = () => Promise.resolve(store);
  const sessions = createSessionActivities({
    dataDir,
    openStore,
    checkpointsWith: (provider) =>
      createCheckpointActivities({
        openStore,
        storePath,
        dataDir,
        host: 'bench',
        providers: createProviderRegistry([provider]),
      }),
    keys: () => ({ execution: 'bench', step: 'bench' }),
  });
  const server = await createTmuxServer();
  try {
    const { socket } = server;
    const session = { name: NAME, socket, config: '/dev/null', agent: { workspace: root, transcript: [transcript] } };
    const panes = await startTalkers(server, root);
    let said = 0;
    let scrollbackLines = 0;
    for (let round = 0; round < CHECKPOINTS; round += 1) {
      const lines = round === 0 ? HISTORY_LINES + LINES_BETWEEN : LINES_BETWEEN;
      await talk(server, panes, lines, (said += lines));
      appendFileSync(transcript, randomText(TRANSCRIPT_BYTES_BETWEEN));
      if (round > 0) changeFiles(root, TREE.files, CHANGED_FILES, round);
      await sessions.captureSession({ session, id: newId('cp'), name: 'bench', type: 'auto' });
    }
    for (const pane of panes)
      scrollbackLines += Number(await server.tmux('display-message', '-p', '-t', pane, '#{history_size}'));
    return {
      checkpoints: (await store.usage()).checkpoints,
      treeBytes: TREE.bytes,
      changedFilesBetween: CHANGED_FILES,
      panes: PANES,
      scrollbackLines,
      transcriptBytes: CHECKPOINTS * TRANSCRIPT_BYTES_BETWEEN,
      storeBytes: bytesOnDisk(storePath),
    };
  } finally {
    await server.stop();
  }
}
