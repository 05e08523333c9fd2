import { readFile } from 'node:fs/promises';
import { codeOf, RerailError } from '../domain/errors.ts';

/** Passed on from the worker's own environment to every command; all else is named or left out. */
const ALLOWED = ['PATH', 'HOME', 'USER', 'LOGNAME', 'LANG', 'LC_ALL', 'LC_CTYPE', 'TZ', 'TMPDIR'] as const;

export interface EnvironmentRequest {
  env?: Record<string, string> | undefined;
  envAllow?: string[] | undefined;
  /** By name: `env:NAME` or `file:/path`. */
  secretEnv?: Record<string, string> | undefined;
}

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

/** The whole environment of a command, and the values in it that must never be shown. */
export async function commandEnvironment(
  request: EnvironmentRequest,
): Promise<{ env: Record<string, string>; secrets: string[] }> {
  const names = [...ALLOWED, ...(request.envAllow ?? [])];
  const inherited = names.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  const secrets = await Promise.all(
    Object.entries(request.secretEnv ?? {}).map(
      async ([name, reference]) => [name, await readSecret(reference)] as const,
    ),
  );
  return {
    env: { ...Object.fromEntries(inherited), ...request.env, ...Object.fromEntries(secrets) },
    secrets: secrets.map(([, value]) => value),
  };
}
