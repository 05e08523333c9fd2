import { realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { codeOf, RerailError } from '../domain/errors.ts';
import { fillInputs } from '../domain/transaction-inputs.ts';
import { TransactionSchema } from '../domain/transaction.schema.ts';
import type { TransactionDocument, TransactionInput } from '../domain/transaction.ts';
import { explainIssues, readYaml, type ParsedDocument } from './parse-yaml.ts';

export interface LoadedTransaction {
  input: TransactionInput;
  file: string;
  /** Absolute and free of links. */
  workspace: string;
}

function refuse(problem: string, remedy: string, cause?: unknown): never {
  throw new RerailError('transaction-invalid', problem, { remedy, cause, nonRetryable: true });
}

async function resolveWorkspace(file: string, workspace: string, where: string): Promise<string> {
  const wanted = path.resolve(path.dirname(file), workspace);
  const found = await realpath(wanted).catch((cause: unknown) =>
    refuse(
      `${where}: spec.workspace: ${wanted} cannot be used (${codeOf(cause)})`,
      'Name an existing directory, relative to the file.',
      cause,
    ),
  );
  if ((await stat(found)).isDirectory()) return found;
  return refuse(`${where}: spec.workspace: ${found} is not a directory`, 'Name the directory that commands run in.');
}

/** Throws `transaction-invalid` with line, column and field of every problem. */
export function checkTransaction(document: ParsedDocument): TransactionDocument {
  const value = document.value as { spec?: unknown };
  const filled = typeof value === 'object' ? { ...value, spec: fillInputs(value.spec) } : value;
  const parsed = TransactionSchema.safeParse(filled);
  if (parsed.success) return parsed.data;
  return refuse(
    explainIssues(parsed.error.issues, document),
    'Correct the named fields; docs/reference/transaction.schema.json describes them all.',
  );
}

/** Reads and checks a transaction. Throws `transaction-invalid` with line, column and field; starts nothing. */
export async function loadTransaction(given: string, options: { workspace?: string } = {}): Promise<LoadedTransaction> {
  const file = path.resolve(given);
  const documents = (await readYaml(file, 'transaction-invalid')).filter(({ value }) => value !== null);
  const document = documents[0];
  if (!document || documents.length > 1) {
    const found = documents.length === 0 ? 'is empty' : `holds ${documents.length} documents`;
    return refuse(`${file} ${found}`, 'Write exactly one document of kind Transaction.');
  }
  const { metadata, spec } = checkTransaction(document);
  const { workspace, ...rest } = spec;
  const where = document.locate(['spec', 'workspace']);
  return {
    input: { name: metadata.name, ...rest },
    file,
    workspace: await resolveWorkspace(file, options.workspace ?? workspace, where),
  };
}
