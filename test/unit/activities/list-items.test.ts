import { execFileSync } from 'node:child_process';
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { listItems } from '../../../src/activities/drills/list-items.ts';
import { placeAt } from '../../../src/activities/drills/sandbox-place.ts';
import { findDifferences } from '../../../src/domain/drill.ts';
import { cleanUpAfterEach, temporaryFolder } from './temporary.ts';

cleanUpAfterEach();

const placeOf = (work: string) => ({ ...placeAt('/does/not/exist'), work });

describe('what a drill may not lose', () => {
  it('are files with their permissions, links and empty folders', async () => {
    const root = temporaryFolder();
    const at = (name: string): string => path.join(root, name);
    await mkdir(at('deep/empty'), { recursive: true });
    await writeFile(at('deep/a'), '1');
    await symlink('a', at('deep/link'));
    const before = await listItems(placeOf(root));
    expect(before.map((item) => item.path)).toEqual(['deep/a', 'deep/empty/', 'deep/link']);
    await chmod(at('deep/a'), 0o600);
    expect(findDifferences(before, await listItems(placeOf(root)))).toEqual(['deep/a has other permissions']);
    await writeFile(at('deep/empty/b'), '');
    expect(findDifferences(before, await listItems(placeOf(root)))).toContain('deep/empty/ is gone');
  });

  it('are the commits of a repository, where it stands, and what is staged', async () => {
    const root = temporaryFolder();
    const git = (...args: string[]): void =>
      void execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.com', ...args], { cwd: root });
    const commit = (...args: string[]): void => git('commit', '--quiet', '--allow-empty', '--message', 'm', ...args);
    git('init', '--quiet', '--initial-branch', 'main', '.');
    await writeFile(path.join(root, 'a'), '1');
    git('add', 'a');
    commit();
    commit('--date', '2001-01-01');
    const before = await listItems(placeOf(root));
    commit();
    // One more commit on it is no loss.
    expect(
      findDifferences(before, await listItems(placeOf(root))).filter((what) => !what.includes('has come')),
    ).toEqual([]);
    git('reset', '--quiet', '--hard', 'HEAD~2');
    expect(findDifferences(before, await listItems(placeOf(root)))).toEqual([
      expect.stringMatching(/^git commit \w{12} is gone$/),
    ]);
    git('checkout', '--quiet', '--detach');
    git('rm', '--quiet', '--cached', 'a');
    const after = findDifferences(before, await listItems(placeOf(root)));
    expect(after).toContain('git HEAD has changed');
    expect(after).toContain('git index a is gone');
  });
});
