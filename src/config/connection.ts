import type { ConnectionOptions } from '@temporalio/client';
import { loadClientConfigProfile, toClientOptions } from '@temporalio/envconfig';
import type { ClientConfigProfile } from '@temporalio/envconfig';
import { messageOf, RerailError } from '../domain/errors.ts';
import { findRunningServer } from '../embedded/server-state.ts';
import type { Settings } from './settings.ts';

/** What both `Connection` and `NativeConnection` take. */
export type SharedConnectionOptions = Pick<ConnectionOptions, 'tls' | 'metadata'> & {
  address: string;
  apiKey?: string;
};

export interface ResolvedConnection {
  connectionOptions: SharedConnectionOptions;
  namespace: string;
  /** Why this server: shown by `config show` and in the error when it does not answer. */
  origin: 'address' | 'profile' | 'embedded' | 'default';
}

export type ConnectionSettings = Pick<Settings, 'address' | 'namespace' | 'profile' | 'dataDir'>;

const DEFAULT_ADDRESS = '127.0.0.1:7233';

type Env = Record<string, string | undefined>;

function definedOf(env: Env): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

function loadProfile(profile: string | undefined, env: Env): ClientConfigProfile {
  const overrideEnvVars = definedOf(env);
  const named = profile ?? env['TEMPORAL_PROFILE'];
  try {
    return loadClientConfigProfile({ ...(profile && { profile }), overrideEnvVars });
  } catch (error) {
    // envconfig 1.24 trips over a temporal.toml without any profile, which is what an empty file is.
    if (!(error instanceof TypeError)) throw error;
    if (named) throw new Error(`Profile '${named}' not found in config data`, { cause: error });
    return loadClientConfigProfile({ disableFile: true, overrideEnvVars });
  }
}

function readProfile(profile: string | undefined, env: Env): Partial<SharedConnectionOptions> & { namespace?: string } {
  try {
    const { connectionOptions, namespace } = toClientOptions(loadProfile(profile, env));
    const { address, tls, metadata, apiKey } = connectionOptions;
    return {
      ...(address && { address }),
      ...(tls !== undefined && { tls }),
      ...(metadata && { metadata }),
      ...(typeof apiKey === 'string' && { apiKey }),
      ...(namespace && { namespace }),
    };
  } catch (error) {
    const named = profile ?? env['TEMPORAL_PROFILE'];
    const what = named === undefined ? 'the Temporal settings' : `the Temporal profile "${named}"`;
    throw new RerailError('settings-invalid', `${what} cannot be used: ${messageOf(error)}`, {
      remedy: 'Check TEMPORAL_* and temporal.toml; `temporal config list` shows the profiles.',
      cause: error,
      nonRetryable: true,
    });
  }
}

/** Whether these settings lead to the embedded server of their own data directory, by whatever way. */
export async function leadsToEmbedded(settings: ConnectionSettings, env: Env = process.env): Promise<boolean> {
  const { connectionOptions } = await resolveConnection(settings, env);
  return (await findRunningServer(settings.dataDir))?.address === connectionOptions.address;
}

/** Explicit address, then TEMPORAL_* or a profile, then the embedded server of this data directory, then 7233. */
export async function resolveConnection(
  settings: ConnectionSettings,
  env: Env = process.env,
): Promise<ResolvedConnection> {
  const { address, namespace: ofProfile, ...credentials } = readProfile(settings.profile, env);
  const namespace = settings.namespace ?? ofProfile ?? 'default';
  const to = (chosen: string, origin: ResolvedConnection['origin']): ResolvedConnection => ({
    connectionOptions: { ...credentials, address: chosen },
    namespace,
    origin,
  });
  if (settings.address !== undefined) return to(settings.address, 'address');
  if (address !== undefined) return to(address, 'profile');
  const embedded = await findRunningServer(settings.dataDir);
  if (!embedded) return to(DEFAULT_ADDRESS, 'default');
  // Credentials are for servers elsewhere; ours speaks plain gRPC on loopback.
  return { connectionOptions: { address: embedded.address }, namespace, origin: 'embedded' };
}
