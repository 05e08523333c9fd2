import { readFile } from 'node:fs/promises';
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  errors,
  exportJWK,
  importSPKI,
  jwtVerify,
  type JSONWebKeySet,
  type JWTPayload,
  type JWTVerifyGetKey,
} from 'jose';
import { messageOf, RerailError } from '../../domain/errors.ts';
import { createActor, isActorName, type Actor } from './actor.ts';

/** Signatures with a public key only: nobody who can check a token can make one. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];
const CLOCK_TOLERANCE_S = 30;

export interface JwtOptions {
  issuer: string;
  audience: string;
  keys: JWTVerifyGetKey;
  rolesClaim: string;
  teamsClaim: string;
}

/** Keys at an address; fetched when they are first needed and again when a token names one that is not known. */
export const keysAt = (url: string): JWTVerifyGetKey => createRemoteJWKSet(new URL(url), { timeoutDuration: 5000 });

async function parseKeys(text: string): Promise<JSONWebKeySet> {
  if (!text.trimStart().startsWith('{')) {
    for (const algorithm of ['RS256', 'ES256', 'ES384', 'ES512', 'EdDSA']) {
      const key = await importSPKI(text, algorithm, { extractable: true }).catch(() => undefined);
      if (key) return { keys: [await exportJWK(key)] };
    }
    throw new Error('it holds no public key');
  }
  const value = JSON.parse(text) as JSONWebKeySet | JSONWebKeySet['keys'][number];
  const keys = 'keys' in value ? value : { keys: [value] };
  if (keys.keys.some(({ kty }) => kty === 'oct')) throw new Error('it holds a shared secret, not a public key');
  return keys;
}

/** Throws `settings-invalid`. */
export async function keysInFile(file: string): Promise<JWTVerifyGetKey> {
  try {
    return createLocalJWKSet(await parseKeys(await readFile(file, 'utf8')));
  } catch (error) {
    throw new RerailError('settings-invalid', `${file} holds no key to check tokens with: ${messageOf(error)}`, {
      remedy: 'Put the public key of the issuer in it, as PEM or as a JWK set.',
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
      const { payload } = await jwtVerify(token, keys, {
        issuer,
        audience,
        algorithms: ALGORITHMS,
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
