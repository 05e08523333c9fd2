import { readFile } from 'node:fs/promises';
import {
  base64url,
  createLocalJWKSet,
  createRemoteJWKSet,
  errors,
  exportJWK,
  importSPKI,
  jwtVerify,
  type JSONWebKeySet,
  type JWK,
  type JWTPayload,
  type JWTVerifyGetKey,
} from 'jose';
import { messageOf, RerailError } from '../../domain/errors.ts';
import { createActor, isActorName, type Actor } from './actor.ts';

/** Signatures with a public key: nobody who can check a token can make one. */
const PUBLIC = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];
const SHARED = ['HS256', 'HS384', 'HS512'];
const SHARED_BYTES = 32;
const CLOCK_TOLERANCE_S = 30;

/** A key is good for algorithms of its own kind alone: otherwise what is public could be taken for a secret. */
export interface TokenKeys {
  find: JWTVerifyGetKey;
  algorithms: readonly string[];
}

export interface JwtOptions {
  issuer: string;
  audience: string;
  keys: TokenKeys;
  rolesClaim: string;
  teamsClaim: string;
}

/** Keys at an address; fetched when they are first needed and again when a token names one that is not known. */
export const keysAt = (url: string): TokenKeys => ({
  find: createRemoteJWKSet(new URL(url), { timeoutDuration: 5000 }),
  algorithms: PUBLIC,
});

const publicKeys = (keys: JSONWebKeySet): TokenKeys => ({ find: createLocalJWKSet(keys), algorithms: PUBLIC });

/** The one secret that issuer and API share. */
function sharedKey({ k }: JWK): TokenKeys {
  const secret = base64url.decode(k ?? '');
  if (secret.length < SHARED_BYTES) throw new Error(`its shared key has fewer than ${SHARED_BYTES} bytes`);
  return { find: () => Promise.resolve(secret), algorithms: SHARED };
}

async function parseKeys(text: string): Promise<TokenKeys> {
  if (!text.trimStart().startsWith('{')) {
    for (const algorithm of ['RS256', 'ES256', 'ES384', 'ES512', 'EdDSA']) {
      const key = await importSPKI(text, algorithm, { extractable: true }).catch(() => undefined);
      if (key) return publicKeys({ keys: [await exportJWK(key)] });
    }
    throw new Error('it holds neither a public key nor a JWK');
  }
  const value = JSON.parse(text) as JSONWebKeySet | JSONWebKeySet['keys'][number];
  const { keys } = 'keys' in value ? value : { keys: [value] };
  const [first, ...others] = keys;
  if (first?.kty === 'oct' && others.length === 0) return sharedKey(first);
  if (keys.some(({ kty }) => kty === 'oct')) throw new Error('a shared key has to be the only one');
  return publicKeys({ keys });
}

/** Throws `settings-invalid`. */
export async function keysInFile(file: string): Promise<TokenKeys> {
  try {
    return await parseKeys(await readFile(file, 'utf8'));
  } catch (error) {
    throw new RerailError('settings-invalid', `${file} holds no key to check tokens with: ${messageOf(error)}`, {
      remedy: 'Put the public key of the issuer in it, as PEM or as a JWK set, or a shared key as a JWK of kty "oct".',
      cause: error,
      nonRetryable: true,
    });
  }
}

/** A claim by its path: `realm_access.roles`. A text is a list with spaces in between, as in `scope`. */
function listAt(payload: JWTPayload, claim: string): string[] {
  const direct = payload[claim];
  const value =
    direct ??
    claim
      .split('.')
      .reduce<unknown>(
        (at, key) => (typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[key] : undefined),
        payload,
      );
  if (typeof value === 'string') return value.split(' ').filter((word) => word !== '');
  return Array.isArray(value) ? value.filter((word): word is string => typeof word === 'string').slice(0, 20) : [];
}

/** The actor of a JWT, or undefined for one that does not count. Throws `server-unreachable` without keys. */
export function createJwtCheck({ issuer, audience, keys, rolesClaim, teamsClaim }: JwtOptions) {
  return async (token: string): Promise<Actor | undefined> => {
    try {
      const { payload } = await jwtVerify(token, keys.find, {
        issuer,
        audience,
        algorithms: [...keys.algorithms],
        clockTolerance: CLOCK_TOLERANCE_S,
        requiredClaims: ['exp', 'sub'],
      });
      const { sub = '' } = payload;
      if (!isActorName(sub)) return undefined;
      return createActor(sub, { roles: listAt(payload, rolesClaim), teams: listAt(payload, teamsClaim), via: 'jwt' });
    } catch (error) {
      const keysMissing =
        error instanceof errors.JWKSTimeout || (error as errors.JOSEError).code === 'ERR_JOSE_GENERIC';
      const unreachable = keysMissing || !(error instanceof errors.JOSEError);
      if (!unreachable) return undefined;
      throw new RerailError('server-unreachable', 'the keys of the token issuer cannot be read', {
        remedy: 'Check the setting apiJwksUrl and that address.',
        cause: error,
      });
    }
  };
}
