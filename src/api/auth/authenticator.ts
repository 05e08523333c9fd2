import type { Settings } from '../../config/settings.ts';
import { RerailError } from '../../domain/errors.ts';
import { unauthenticated } from '../api-errors.ts';
import { LOCAL_ACTOR, type Actor } from './actor.ts';
import { createJwtCheck, keysAt, keysInFile } from './jwt.ts';
import { isLoopback } from './loopback.ts';
import { createTokenFile } from './token-file.ts';

export interface Authenticator {
  /** No token is asked for; only this machine may ask. Of the embedded server alone. */
  open: boolean;
  /** Throws `unauthenticated`. */
  authenticate: (authorization: string | undefined) => Promise<Actor>;
}

export type AuthSettings = Pick<
  Settings,
  | 'apiHost'
  | 'apiTokensFile'
  | 'apiJwtIssuer'
  | 'apiJwtAudience'
  | 'apiJwksUrl'
  | 'apiJwtKeyFile'
  | 'apiJwtRolesClaim'
  | 'apiJwtTeamsClaim'
>;

const refuse = (why: string, remedy: string): RerailError =>
  new RerailError('settings-invalid', why, { remedy, nonRetryable: true });

async function jwtOf(settings: AuthSettings) {
  const { apiJwtIssuer: issuer, apiJwtAudience: audience, apiJwksUrl: url, apiJwtKeyFile: file } = settings;
  if (issuer === undefined && audience === undefined && url === undefined && file === undefined) return undefined;
  if (issuer === undefined || audience === undefined || (url === undefined) === (file === undefined)) {
    throw refuse(
      'the settings for JWT are not complete',
      'Set apiJwtIssuer, apiJwtAudience and one of apiJwksUrl and apiJwtKeyFile, or none of them.',
    );
  }
  const keys = url === undefined ? await keysInFile(file ?? '') : keysAt(url);
  return createJwtCheck({
    issuer,
    audience,
    keys,
    rolesClaim: settings.apiJwtRolesClaim,
    teamsClaim: settings.apiJwtTeamsClaim,
  });
}

const BEARER = /^bearer +([\w.~+/=-]{1,8192})$/i;
const isJwt = (token: string): boolean => token.split('.').length === 3;

const WITHOUT = 'Make a token with `rerail token create` and set apiTokensFile, or set up JWT';

/** Why nobody may do without a token here: development, on one machine, is all that is open. */
function closedBecause(host: string, { embedded }: Surroundings): RerailError | undefined {
  if (!isLoopback(host)) {
    return refuse(`the API would listen at ${host} and let in everybody`, `${WITHOUT}, or listen at 127.0.0.1.`);
  }
  if (embedded) return undefined;
  return refuse(
    'the API would let everybody on this machine do everything to a Temporal server that is not the embedded one of its data directory',
    `${WITHOUT}. Without tokens only the server that \`rerail up\` starts is served, with the same dataDir.`,
  );
}

export interface Surroundings {
  /** The Temporal server behind it is the embedded one of this data directory. */
  embedded: boolean;
}

/** How callers prove who they are. Throws `settings-invalid` where somebody could come in who should not. */
export async function createAuthenticator(settings: AuthSettings, around: Surroundings): Promise<Authenticator> {
  const tokens = settings.apiTokensFile === undefined ? undefined : createTokenFile(settings.apiTokensFile);
  await tokens?.check();
  const checkJwt = await jwtOf(settings);
  if (!tokens && !checkJwt) {
    const closed = closedBecause(settings.apiHost, around);
    if (closed) throw closed;
    return { open: true, authenticate: () => Promise.resolve(LOCAL_ACTOR) };
  }
  return {
    open: false,
    async authenticate(authorization) {
      if (authorization === undefined) throw unauthenticated('this needs a token');
      const token = BEARER.exec(authorization)?.[1];
      if (token === undefined) throw unauthenticated('the header Authorization is not a bearer token');
      const actor = (checkJwt && isJwt(token) ? await checkJwt(token) : undefined) ?? (await tokens?.find(token));
      if (!actor) throw unauthenticated('the token is not valid here, or no longer');
      return actor;
    },
  };
}
