import { readSecret } from './read-secret.ts';

/** Passed on from the worker's own environment to every command; all else is named or left out. */
const ALLOWED = ['PATH', 'HOME', 'USER', 'LOGNAME', 'LANG', 'LC_ALL', 'LC_CTYPE', 'TZ', 'TMPDIR'] as const;

export interface EnvironmentRequest {
  env?: Record<string, string> | undefined;
  envAllow?: string[] | undefined;
  /** By name: `env:NAME` or `file:/path`. */
  secretEnv?: Record<string, string> | undefined;
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
