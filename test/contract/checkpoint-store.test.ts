import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGitStore } from '../../src/store/git-store/create-git-store.ts';
import { createMemoryStore } from '../../src/store/memory-store.ts';
import { checkpointStoreSuite } from './checkpoint-store.suite.ts';

checkpointStoreSuite('memory', () => Promise.resolve({ store: createMemoryStore(), close: () => Promise.resolve() }));

checkpointStoreSuite('git', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'rerail-store-'));
  return {
    store: await createGitStore({ path: join(directory, 'store') }),
    close: () => rm(directory, { recursive: true, force: true }),
  };
});
