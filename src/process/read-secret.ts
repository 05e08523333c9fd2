import { readFile } from 'node:fs/promises';
import { codeOf, RerailError } from '../domain/errors.ts';

/** Reads a secret at the moment of use. Throws `secret-not-found`, which never says the value. */
export async function readSecret(reference: string): Promise<string> {
  const [scheme, name = ''] = [reference.slice(0, reference.indexOf(':')), reference.slice(reference.indexOf(':') + 1)];
  const value =
    scheme === 'env'
      ? process.env[name]
      : await readFile(name, 'utf8').catch((cause: unknown) => {
          throw new RerailError(
            'secret-not-found',
            `secret ${reference} cannot be read (${codeOf(cause) ?? 'unknown'})`,
            {
              remedy: 'Put the file where the worker can read it.',
              nonRetryable: true,
            },
          );
        });
  if (value !== undefined) return scheme === 'file' ? value.replace(/\r?\n$/, '') : value;
  throw new RerailError('secret-not-found', `secret ${reference} is not set in the worker’s environment`, {
    remedy: `Start the worker with ${name} set.`,
    nonRetryable: true,
  });
}
