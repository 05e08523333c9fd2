import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { RerailError } from '../../../domain/errors.ts';
import { inside, isThere, placeOf, type Faults } from './fault.ts';
import { git } from './git-program.ts';
import { keepGitState, putBackGitState } from './git-state.ts';

type Kind = 'gitLock' | 'gitDetach' | 'gitConflict' | 'gitMissingObject';

/** The same line is changed on two branches. Touches this file alone; throws where git will not merge at all. */
async function stopAtConflict(work: string, name: string): Promise<void> {
  const original = await readFile(path.join(work, name), 'utf8');
  const commit = async (content: string): Promise<void> => {
    await writeFile(path.join(work, name), content);
    await git(work, ['commit', '--quiet', '--message', `change ${name}`, '--', name]);
  };
  const before = (await git(work, ['rev-parse', 'HEAD'])).trim();
  await commit(`theirs\n${original}`);
  await git(work, ['branch', '--force', 'theirs']);
  await git(work, ['reset', '--quiet', '--soft', before]);
  await commit(`ours\n${original}`);
  await git(work, ['merge', '--quiet', 'theirs'], 'may fail');
  if (await isThere(mergeOf(work))) return;
  throw new RerailError('command-failed', `git does not begin a merge that conflicts in ${name} of the sandbox`, {
    remedy: 'Commit what the drill’s own commands have staged: git merges nothing beside it.',
    nonRetryable: true,
  });
}

const mergeOf = (work: string): string => path.join(work, '.git', 'MERGE_HEAD');
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
      if (await isThere(kept)) await git(place.work, ['checkout', '--quiet', await readFile(kept, 'utf8')]);
    },
  },
  gitConflict: {
    async inject({ path: name }, context) {
      const { place, begun, kept } = context;
      if (begun && (await isThere(mergeOf(place.work)))) return;
      const file = await inside(context, name);
      // An earlier try may have come to any of the steps.
      if (begun) await putBackGitState(place.work, file, kept);
      await keepGitState(place.work, file, kept);
      await stopAtConflict(place.work, name);
    },
    takeBack: async ({ path: name }, context) =>
      putBackGitState(context.place.work, await placeOf(context, name), context.kept),
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
