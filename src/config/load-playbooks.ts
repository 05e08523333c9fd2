import { stat } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { glob } from 'tinyglobby';
import type { z } from 'zod';
import { RerailError } from '../domain/errors.ts';
import { PlaybookSchema } from '../domain/playbook.schema.ts';
import type { LoadedPlaybook, Playbook } from '../domain/playbook.ts';
import { isTemplate } from '../domain/template.ts';
import { explainIssues, readYaml, type ParsedDocument } from './parse-yaml.ts';

export const BUILTIN_PLAYBOOKS = fileURLToPath(new URL('../../playbooks', import.meta.url));

/** A template stands where a value of the right type will stand once a failure is known. */
function isDeferred(issue: z.core.$ZodIssue, document: unknown): boolean {
  let value: unknown = document;
  for (const key of issue.path) value = (value as Record<PropertyKey, unknown> | undefined)?.[key];
  return isTemplate(value);
}

/** Checks one document. Throws `playbook-invalid` with line, column and field of every problem. */
export function checkPlaybook(
  document: ParsedDocument,
  file: string,
  source: LoadedPlaybook['source'],
): LoadedPlaybook {
  const parsed = PlaybookSchema.safeParse(document.value);
  const issues = parsed.success ? [] : parsed.error.issues.filter((issue) => !isDeferred(issue, document.value));
  if (issues.length > 0) {
    throw new RerailError('playbook-invalid', explainIssues(issues, document), {
      remedy: 'Correct the named fields; docs/reference/playbook.schema.json describes them all.',
      nonRetryable: true,
    });
  }
  const raw = (parsed.success ? parsed.data : document.value) as Playbook;
  return {
    name: raw.metadata.name,
    source,
    file,
    match: raw.spec.match,
    ...(raw.metadata.description ? { description: raw.metadata.description } : {}),
    document: document.value as Playbook,
  };
}

export async function loadPlaybookFile(file: string, source: LoadedPlaybook['source']): Promise<LoadedPlaybook[]> {
  const documents = await readYaml(file, 'playbook-invalid');
  return documents
    .filter((document) => document.value !== null)
    .map((document) => checkPlaybook(document, file, source));
}

async function loadFolder(folder: string, source: LoadedPlaybook['source']): Promise<LoadedPlaybook[]> {
  const there = await stat(folder).catch(() => undefined);
  if (!there?.isDirectory()) {
    throw new RerailError('playbook-invalid', `${folder}: there is no such directory of playbooks`, {
      remedy: 'Create it or correct the setting playbooksDir.',
      nonRetryable: true,
    });
  }
  const files = await glob('**/*.{yaml,yml}', { cwd: folder, absolute: true });
  return (await Promise.all(files.sort().map((file) => loadPlaybookFile(file, source)))).flat();
}

/** Users' playbooks first, in the order of folders, files and documents, then the built-in ones. */
export async function loadPlaybooks(userFolders: readonly string[] = []): Promise<LoadedPlaybook[]> {
  const users = (await Promise.all(userFolders.map((folder) => loadFolder(path.resolve(folder), 'user')))).flat();
  const all = [...users, ...(await loadFolder(BUILTIN_PLAYBOOKS, 'builtin'))];
  const firstFile = new Map<string, string>();
  for (const { name, file, source } of all) {
    const other = firstFile.get(name);
    if (other !== undefined && source === 'user') {
      throw new RerailError('playbook-invalid', `${file}: the playbook name "${name}" is also used in ${other}`, {
        remedy: 'Give one of them another name.',
        nonRetryable: true,
      });
    }
    firstFile.set(name, other ?? file);
  }
  // A user's playbook with the name of a built-in one replaces it.
  const userNames = new Set(users.map(({ name }) => name));
  return all.filter(({ name, source }) => source === 'user' || !userNames.has(name));
}
