import { stat } from 'node:fs/promises';
import type { z } from 'zod';
import { RerailError } from '../domain/errors.ts';
import { explainIssues, readYaml } from './parse-yaml.ts';

/** Reads the one document of a file. Throws `settings-invalid` with line, column and field of every problem. */
export async function loadDefinition<Schema extends z.ZodType>(
  file: string,
  schema: Schema,
  page: string,
): Promise<z.output<Schema>> {
  const documents = (await readYaml(file, 'settings-invalid')).filter(({ value }) => value !== null);
  const [document] = documents;
  if (!document || documents.length > 1) {
    throw new RerailError('settings-invalid', `${file} holds ${documents.length} documents instead of one`, {
      remedy: `${page} has an example.`,
      nonRetryable: true,
    });
  }
  const parsed = schema.safeParse(document.value);
  if (parsed.success) return parsed.data;
  throw new RerailError('settings-invalid', explainIssues(parsed.error.issues, document), {
    remedy: `Correct the named fields of ${file}; ${page} describes them.`,
    nonRetryable: true,
  });
}

/** A definition file that is read again when it has changed. */
export function createFileSource<T>(file: string, load: (file: string) => Promise<T>): () => Promise<T> {
  let known: { stamp: string; value: Promise<T> } | undefined;
  return async () => {
    const found = await stat(file, { bigint: true }).catch(() => undefined);
    const stamp = found ? `${found.ino}/${found.size}/${found.mtimeNs}` : 'none';
    if (known?.stamp !== stamp) known = { stamp, value: load(file) };
    return known.value;
  };
}
