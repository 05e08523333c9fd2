import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { codeOf, RerailError } from '../domain/errors.ts';

/**
 * Resolves a path, links included, and makes sure that it lies in the root. Throws `path-outside-workspace` for one
 * that leaves it and `invalid-input` for one that is not there.
 */
export async function resolveInside(root: string, relative: string, field: string): Promise<string> {
  const resolve = (file: string) =>
    realpath(file).catch((cause: unknown) => {
      throw new RerailError('invalid-input', `${field}: ${file} cannot be used (${codeOf(cause) ?? 'unknown'})`, {
        remedy: 'Name a path that exists.',
        cause,
        nonRetryable: true,
      });
    });
  const base = await resolve(root);
  const found = await resolve(path.resolve(base, relative));
  if (found === base || found.startsWith(base.endsWith(path.sep) ? base : base + path.sep)) return found;
  throw new RerailError('path-outside-workspace', `${field}: "${relative}" leads to ${found}, outside of ${base}`, {
    remedy: 'Give a path inside the workspace, relative to it.',
    nonRetryable: true,
  });
}
