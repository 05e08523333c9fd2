import { stat } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { glob } from 'tinyglobby';
import type { ClassificationRule } from '../domain/classification-rule.ts';
import type { LoadedComponent } from '../domain/component.ts';
import { RerailError } from '../domain/errors.ts';
import type { LoadedPlaybook } from '../domain/playbook.ts';
import { checkComponent, checkGraph, checkPlaybook, checkRules, type PlacedComponent } from './check-definition.ts';
import { readYaml } from './parse-yaml.ts';

export const BUILTIN_PLAYBOOKS = fileURLToPath(new URL('../../playbooks', import.meta.url));

/** All that a directory of playbooks may hold. */
export interface Definitions {
  playbooks: LoadedPlaybook[];
  components: LoadedComponent[];
  /** Users' own rules, asked before the built-in ones. */
  rules: ClassificationRule[];
}

interface FileContent {
  playbooks: LoadedPlaybook[];
  components: PlacedComponent[];
  rules: ClassificationRule[];
}

export const kindOf = (value: unknown): unknown => (value as { kind?: unknown } | null)?.kind;

/** A document of any other kind is checked as a playbook, whose error then says what its kind must be. */
async function loadFile(file: string, source: LoadedPlaybook['source']): Promise<FileContent> {
  const documents = (await readYaml(file, 'playbook-invalid')).filter(({ value }) => value !== null);
  const content: FileContent = { playbooks: [], components: [], rules: [] };
  for (const document of documents) {
    const kind = kindOf(document.value);
    if (kind === 'Component') content.components.push({ component: checkComponent(document, file), document });
    else if (kind === 'ClassificationRules') content.rules.push(...checkRules(document));
    // Monitors may lie beside the playbooks of what they watch; they are loaded by themselves.
    else if (kind !== 'Monitor') content.playbooks.push(checkPlaybook(document, file, source));
  }
  return content;
}

export async function loadPlaybookFile(file: string, source: LoadedPlaybook['source']): Promise<LoadedPlaybook[]> {
  return (await loadFile(file, source)).playbooks;
}

/** The definition files below a directory, in order. Throws `playbook-invalid` where there is none. */
export async function findDefinitionFiles(folder: string): Promise<string[]> {
  const there = await stat(folder).catch(() => undefined);
  if (!there?.isDirectory()) {
    throw new RerailError('playbook-invalid', `${folder}: there is no such directory of playbooks`, {
      remedy: 'Create it or correct the setting playbooksDir.',
      nonRetryable: true,
    });
  }
  return (await glob('**/*.{yaml,yml}', { cwd: folder, absolute: true })).sort();
}

const loadFolder = async (folder: string, source: LoadedPlaybook['source']): Promise<FileContent[]> =>
  Promise.all((await findDefinitionFiles(folder)).map((file) => loadFile(file, source)));

/** A user's playbook with the name of a built-in one replaces it; no other name may be there twice. */
function joinPlaybooks(users: readonly LoadedPlaybook[], builtin: readonly LoadedPlaybook[]): LoadedPlaybook[] {
  const firstFile = new Map<string, string>();
  for (const { name, file } of users) {
    const other = firstFile.get(name);
    if (other !== undefined) {
      throw new RerailError('playbook-invalid', `${file}: the playbook name "${name}" is also used in ${other}`, {
        remedy: 'Give one of them another name.',
        nonRetryable: true,
      });
    }
    firstFile.set(name, file);
  }
  return [...users, ...builtin.filter(({ name }) => !firstFile.has(name))];
}

/**
 * Playbooks, components and rules: users' first, in the order of folders, files and documents, then the built-in ones.
 * Throws `playbook-invalid` or `definition-invalid` with line and column of every problem in a document.
 */
export async function loadDefinitions(userFolders: readonly string[] = []): Promise<Definitions> {
  const users = (await Promise.all(userFolders.map((folder) => loadFolder(path.resolve(folder), 'user')))).flat();
  const builtin = await loadFolder(BUILTIN_PLAYBOOKS, 'builtin');
  return {
    playbooks: joinPlaybooks(
      users.flatMap(({ playbooks }) => playbooks),
      builtin.flatMap(({ playbooks }) => playbooks),
    ),
    components: checkGraph(users.flatMap(({ components }) => components)),
    rules: users.flatMap(({ rules }) => rules),
  };
}

/** The playbooks alone. */
export async function loadPlaybooks(userFolders: readonly string[] = []): Promise<LoadedPlaybook[]> {
  return (await loadDefinitions(userFolders)).playbooks;
}
