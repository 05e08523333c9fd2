import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { RerailError } from '../../../domain/errors.ts';
import { gitEnvironment } from '../../../process/git-environment.ts';
import { runProcess } from '../../../process/run-process.ts';
import { isThere, type Faults } from './fault.ts';

type Kind = 'gitLock' | 'gitDetach' | 'gitConflict' | 'gitMissingObject';

export async function git(work: string, args: readonly string[], mayFail: 'may fail' | 'must work' = 'must work') {
  const result = await runProcess({ argv: ['git', ...args], env: gitEnvironment(), cwd: work, timeoutMs: 60_000 });
  if (result.exitCode === 0 || mayFail === 'may fail') return result.stdout.toString('utf8');
  throw new RerailError('command-failed', `git ${args[0] ?? ''} failed in the sandbox: ${result.stderr.trim()}`, {
    remedy: 'The drill’s files or faults do not fit a repository: correct the definition.',
    nonRetryable: true,
  });
}

async function stopAtConflict(work: string, name: string): Promise<void> {
  if (await isThere(path.join(work, '.git', 'MERGE_HEAD'))) return;
  const original = await readFile(path.join(work, name), 'utf8');
  const commit = async (content: string): Promise<void> => {
    await writeFile(path.join(work, name), content);
    await git(work, ['commit', '--quiet', '--all', '--message', `change ${name}`]);
  };
  const branch = (await git(work, ['rev-parse', '--abbrev-ref', 'HEAD'])).trim();
  await git(work, ['checkout', '--quiet', '-B', 'theirs']);
  await commit(`theirs\n${original}`);
  await git(work, ['checkout', '--quiet', branch]);
  await commit(`ours\n${original}`);
  await git(work, ['merge', '--quiet', 'theirs'], 'may fail');
}

const lockOf = (work: string): string => path.join(work, '.git', 'index.lock');

export const GIT_FAULTS: Faults<Kind> = {
  gitLock: {
    inject: (_fault, { place }) => writeFile(lockOf(place.work), ''),
    takeBack: (_fault, { place }) => rm(lockOf(place.work), { force: true }),
  },
  gitDetach: {
    async inject(_fault, { place, kept }) {
      const branch = (await git(place.work, ['rev-parse', '--abbrev-ref', 'HEAD'])).trim();
      if (branch !== 'HEAD') await writeFile(kept, branch);
      await git(place.work, ['checkout', '--quiet', '--detach']);
    },
    async takeBack(_fault, { place, kept }) {
      await git(place.work, ['checkout', '--quiet', await readFile(kept, 'utf8')]);
    },
  },
  gitConflict: {
    inject: ({ path: name }, { place }) => stopAtConflict(place.work, name),
    async takeBack(_fault, { place }) {
      await git(place.work, ['merge', '--abort'], 'may fail');
    },
  },
  gitMissingObject: {
    async inject({ path: name }, { place, kept }) {
      if (await isThere(kept)) return;
      const id = (await git(place.work, ['rev-parse', `HEAD:${name}`])).trim();
      await writeFile(`${kept}.id`, id);
      await rename(path.join(place.work, '.git', 'objects', id.slice(0, 2), id.slice(2)), kept);
    },
    async takeBack(_fault, { place, kept }) {
      if (!(await isThere(kept))) return;
      const id = await readFile(`${kept}.id`, 'utf8');
      const folder = path.join(place.work, '.git', 'objects', id.slice(0, 2));
      await mkdir(folder, { recursive: true });
      await rename(kept, path.join(folder, id.slice(2)));
    },
  },
};
