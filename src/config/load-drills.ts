import { stat } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { glob } from 'tinyglobby';
import { DrillSchema, type Drill } from '../domain/drill.schema.ts';
import { RerailError } from '../domain/errors.ts';
import { explainIssues, readYaml, type ParsedDocument } from './parse-yaml.ts';

/** Of this package; they break nothing but what they make. */
export const BUILTIN_DRILLS = fileURLToPath(new URL('../../drills', import.meta.url));

export interface LoadedDrill extends Drill {
  file: string;
}

/** Throws `definition-invalid` with line, column and field of every problem. */
export function checkDrill(document: ParsedDocument, file: string): LoadedDrill {
  const parsed = DrillSchema.safeParse(document.value);
  if (parsed.success) return { ...parsed.data, file };
  throw new RerailError('definition-invalid', explainIssues(parsed.error.issues, document), {
    remedy: 'Correct the named fields; docs/reference/drill.schema.json describes them all.',
    nonRetryable: true,
  });
}

async function loadDrillFile(file: string): Promise<LoadedDrill[]> {
  const documents = (await readYaml(file, 'definition-invalid')).filter(({ value }) => value !== null);
  return documents.map((document) => checkDrill(document, file));
}

async function loadFolder(folder: string): Promise<LoadedDrill[]> {
  const files = (await glob('**/*.{yaml,yml}', { cwd: folder, absolute: true })).sort();
  return (await Promise.all(files.map(loadDrillFile))).flat();
}

/**
 * Drills by name, file or directory; a name is one of the built-in ones. Without any, all of those. Throws `drill-not-found`,
 * `definition-invalid`.
 */
export async function findDrills(
  wanted: readonly string[] = [],
  where: 'anywhere' | 'built-in only' = 'anywhere',
): Promise<LoadedDrill[]> {
  const builtin = await loadFolder(BUILTIN_DRILLS);
  if (wanted.length === 0) return builtin;
  const found = await Promise.all(
    wanted.map(async (word) => {
      const named = builtin.filter(({ metadata }) => metadata.name === word);
      if (named.length > 0) return named;
      const there = where === 'anywhere' ? await stat(word).catch(() => undefined) : undefined;
      if (there?.isDirectory()) return loadFolder(path.resolve(word));
      if (there) return loadDrillFile(path.resolve(word));
      throw new RerailError(
        'drill-not-found',
        `there is no drill${where === 'anywhere' ? ' and no file' : ''} "${word}"`,
        {
          remedy: 'See the built-in ones with `rerail drill list --definitions`, or name a file.',
          nonRetryable: true,
        },
      );
    }),
  );
  return found.flat();
}
