import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from '@temporalio/worker';
import { describe, expect, it } from 'vitest';
import { bundleUserWorkflows, withoutRules } from '../support/user/bundle.ts';
import { USER_PATHS } from './user-paths.ts';

const FOLDER = fileURLToPath(new URL('./user-histories', import.meta.url));
const files = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));
const read = (name: string): unknown => JSON.parse(readFileSync(path.join(FOLDER, name), 'utf8'));

describe('histories of a user’s workflows', () => {
  it('has one for every path', () => {
    expect(USER_PATHS.map(({ name }) => `${name}.json`).filter((name) => !files.includes(name))).toEqual([]);
  });

  it.each(files)('%s replays, whatever the rules have become since', async (name) => {
    for (const workflowBundle of [await bundleUserWorkflows(), await withoutRules()])
      await Worker.runReplayHistory({ workflowBundle }, read(name), name);
  });
});
