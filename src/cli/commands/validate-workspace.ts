import { access, stat } from 'node:fs/promises';
import path from 'node:path';
import { findAttributes } from '../../activities/files/find-attributes.ts';
import { readGitState } from '../../activities/git/read-git-state.ts';
import { loadPlaybooks } from '../../config/load-playbooks.ts';
import type { Settings } from '../../config/settings.ts';
import { isRerailError, messageOf } from '../../domain/errors.ts';
import { createGitStore } from '../../store/git-store/create-git-store.ts';
import { storeFolder } from '../../store/store-folder.ts';

export interface Check {
  name: string;
  level: 'ok' | 'warning' | 'error';
  found: string;
  remedy?: string;
}

export interface ValidateInput {
  root: string;
  /** Files that have to exist. */
  files: readonly string[];
  settings: Settings;
}

const there = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  );

async function checkFiles({ root, files }: ValidateInput): Promise<Check[]> {
  const isDirectory = await stat(root).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isDirectory)
    return [
      {
        name: 'workspace',
        level: 'error',
        found: `${root} is not a directory`,
        remedy: 'Name the workspace with --root.',
      },
    ];
  return Promise.all(
    files.map(async (file): Promise<Check> =>
      (await there(path.resolve(root, file)))
        ? { name: `file ${file}`, level: 'ok', found: 'it is there' }
        : {
            name: `file ${file}`,
            level: 'error',
            found: 'it is missing',
            remedy: 'Restore it: rerail list, then rerail restore.',
          },
    ),
  );
}

async function checkGit({ root }: ValidateInput): Promise<Check> {
  const name = 'git';
  const state = await readGitState(root);
  if (!state)
    return {
      name,
      level: 'warning',
      found: 'no repository',
      remedy: 'Run git init, so that rollbacks can verify commits.',
    };
  if (state.inProgress.length > 0) {
    return {
      name,
      level: 'error',
      found: `in progress: ${state.inProgress.join(', ')}`,
      remedy: 'Finish or abort it.',
    };
  }
  const where = `${state.branch ?? 'detached'} at ${state.head?.slice(0, 12) ?? 'no commit'}`;
  if (state.changes.length > 0)
    return {
      name,
      level: 'warning',
      found: `${where}, ${state.changes.length} changes`,
      remedy: 'Commit or stash them.',
    };
  return { name, level: 'ok', found: `${where}, clean` };
}

async function checkDependencies({ root }: ValidateInput): Promise<Check> {
  const name = 'dependencies';
  if (!(await there(path.join(root, 'package.json'))))
    return { name, level: 'ok', found: 'no package.json, none expected' };
  if (await there(path.join(root, 'node_modules'))) return { name, level: 'ok', found: 'installed' };
  return { name, level: 'warning', found: 'node_modules is missing', remedy: 'Run npm ci.' };
}

async function checkAttributes({ root }: ValidateInput): Promise<Check> {
  const name = 'attributes';
  const found = await findAttributes(root);
  if (found === undefined) return { name, level: 'ok', found: 'not looked for: Python is not installed' };
  if (found.length === 0) return { name, level: 'ok', found: 'no extended attributes, ACLs or capabilities' };
  const shown = found.slice(0, 3).join(', ') + (found.length > 3 ? ` and ${found.length - 3} more` : '');
  return {
    name,
    level: 'warning',
    found: `extended attributes, ACLs or capabilities, which a checkpoint does not capture: ${shown}`,
    remedy: 'Set them again after a restore that replaces these, or exclude them.',
  };
}

async function checkConfiguration({ settings }: ValidateInput): Promise<Check> {
  const name = 'configuration';
  try {
    const playbooks = await loadPlaybooks(settings.playbooksDir);
    return { name, level: 'ok', found: `settings are valid, ${playbooks.length} playbooks` };
  } catch (error) {
    const remedy = isRerailError(error) ? error.remedy : undefined;
    return { name, level: 'error', found: messageOf(error), ...(remedy ? { remedy } : {}) };
  }
}

async function checkCheckpoints({ settings }: ValidateInput): Promise<Check> {
  const name = 'checkpoints';
  const storePath = storeFolder(settings.dataDir);
  if (!(await there(storePath))) return { name, level: 'ok', found: 'no store yet' };
  const store = await createGitStore({ path: storePath });
  try {
    const all = await store.list();
    const problems = (await Promise.all(all.map(({ id }) => store.verify(id, 'quick')))).flat();
    if (problems.length === 0) return { name, level: 'ok', found: `${all.length} in the store, all whole` };
    const ids = [...new Set(problems.map(({ checkpointId }) => checkpointId))];
    return {
      name,
      level: 'error',
      found: `${ids.length} of ${all.length} are corrupt: ${ids.slice(0, 3).join(', ')}`,
      remedy: 'See rerail checkpoint verify ID; restore from another one.',
    };
  } finally {
    await store.close();
  }
}

/** Requirement 8.2: each check with its level and remedy. */
export async function validateWorkspace(input: ValidateInput): Promise<Check[]> {
  const files = await checkFiles(input);
  if (files.some(({ name }) => name === 'workspace')) return files;
  const rest = await Promise.all([
    checkGit(input),
    checkDependencies(input),
    checkAttributes(input),
    checkConfiguration(input),
    checkCheckpoints(input),
  ]);
  return [...files, ...rest];
}
