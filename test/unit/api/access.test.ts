import { createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import path from 'node:path';
import fc from 'fast-check';
import { SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONTRACT } from '../../../src/api/contract.ts';
import { expandRoles, ROLES, type Role, type RouteSpec } from '../../../src/api/contract/route.ts';
import { RerailError } from '../../../src/domain/errors.ts';
import { listen } from '../../../src/process/listen.ts';
import { createTestApi, refusingClient, type TestApi } from '../../support/api.ts';
import { complaint, requestsOf } from '../../support/openapi-fuzz.ts';

const away = () => new RerailError('server-unreachable', 'Temporal is away');
const ISSUER = { apiJwtIssuer: 'https://issuer', apiJwtAudience: 'rerail' };
const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const foreign = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString();

let api: TestApi;
beforeAll(async () => {
  const holder = await createTestApi(refusingClient(away));
  const file = path.join(holder.folder, 'key.pem');
  await writeFile(file, pem);
  api = await createTestApi(refusingClient(away), { ...ISSUER, apiJwtKeyFile: file });
  await holder.close();
});
afterAll(() => api.close());

// A stream that is let in does not end; where it begins with a look at a recovery, that is refused here.
const ROUTES = Object.entries<RouteSpec>(CONTRACT).filter(([id]) => id !== 'events');
const SAMPLE: Record<string, string> = { id: 'cp_00000000000000000000000000', name: 'n', key: 'k' };
const addressOf = ({ path: pattern }: RouteSpec): string =>
  pattern.replaceAll(/\{(\w+)\}/g, (_, name: string) => SAMPLE[name] ?? 'x');
const ask = (spec: RouteSpec, headers: Record<string, string> = {}) =>
  api.app.inject({
    method: spec.method,
    url: addressOf(spec),
    headers: { ...headers, ...(spec.body ? { 'content-type': 'application/json' } : {}) },
    ...(spec.body ? { payload: '{}' } : {}),
  });

describe('who may call what', () => {
  it.each(ROUTES)('%s', async (_id, spec) => {
    const answers = await Promise.all([ask(spec), ...ROLES.map((role) => ask(spec, api.bearer(role)))]);
    const refusals = answers.map(({ statusCode }) => ([401, 403].includes(statusCode) ? statusCode : 'let in'));
    const { access } = spec;
    // A signature is asked for, whatever token comes with it.
    const forRole = (role: Role) =>
      access === 'signed' ? 401 : access === 'public' || expandRoles([role]).includes(access) ? 'let in' : 403;
    expect(refusals).toEqual([access === 'public' ? 'let in' : 401, ...ROLES.map(forRole)]);
    for (const { headers } of answers) {
      expect(headers).toMatchObject({ 'ratelimit-limit': '1000000', 'x-content-type-options': 'nosniff' });
    }
  });

  it('gives each role what its name says and no more', () => {
    expect(ROLES.map((role) => expandRoles([role]))).toEqual([
      ['viewer'],
      ['viewer', 'operator'],
      ['viewer', 'approver'],
      ['viewer', 'operator', 'approver', 'admin'],
    ]);
    const admins = ROUTES.filter(([, { access }]) => access === 'admin').map(([id]) => id);
    expect(admins).toEqual(
      expect.arrayContaining([
        'killRecovery',
        'openBreaker',
        'applyRollback',
        'deleteCheckpoint',
        'setAutomation',
        'clearCache',
        'circuitBreakerReset',
      ]),
    );
    for (const [id, spec] of ROUTES) if (spec.changes) expect(spec.access, id).not.toBe('viewer');
  });
});

describe('tokens', () => {
  const whoami = async (token: string) => {
    const { statusCode, headers, body } = await api.app.inject({
      url: '/api/v1/whoami',
      headers: { authorization: `Bearer ${token}` },
    });
    if (statusCode === 401) expect(headers['www-authenticate']).toContain('Bearer');
    return statusCode === 200 ? (JSON.parse(body) as { name: string; roles: string[]; teams: string[] }) : statusCode;
  };
  const jwt = (claims: object = {}) => new SignJWT({ roles: ['operator'], teams: ['sre'], ...claims });
  const good = (claims: object = {}, alg = 'ES256', kid?: string) =>
    jwt(claims)
      .setSubject('ada')
      .setIssuer('https://issuer')
      .setAudience('rerail')
      .setExpirationTime('1h')
      .setProtectedHeader({ alg, ...(kid === undefined ? {} : { kid }) });

  it('takes the actor, the roles and the teams from a good one', async () => {
    expect(await whoami(await good().sign(pair.privateKey))).toMatchObject({
      name: 'ada',
      roles: ['viewer', 'operator'],
      teams: ['sre'],
      via: 'jwt',
    });
    expect(await whoami(api.tokens.ada)).toMatchObject({
      name: 'ada',
      roles: ['viewer', 'approver'],
      teams: ['lead'],
      via: 'token',
    });
  });

  it('refuses every other', async () => {
    const secret = new TextEncoder().encode(createPublicKey(pem).export({ type: 'spki', format: 'pem' }).toString());
    const past = Math.floor(Date.now() / 1000) - 60;
    const none = new UnsecuredJWT({ roles: ['admin'] })
      .setSubject('eve')
      .setIssuer('https://issuer')
      .setAudience('rerail')
      .setExpirationTime('1h');
    const tokens = [
      await good().setExpirationTime(past).sign(pair.privateKey),
      await good().setAudience('other').sign(pair.privateKey),
      await good().setIssuer('https://other').sign(pair.privateKey),
      await good().sign(foreign.privateKey),
      await good({}, 'HS256').sign(secret),
      await jwt()
        .setSubject('ada')
        .setIssuer('https://issuer')
        .setAudience('rerail')
        .setProtectedHeader({ alg: 'ES256' })
        .sign(pair.privateKey),
      await good().setSubject('eve​').sign(pair.privateKey),
      none.encode(),
      `${api.tokens.admin}x`,
      'x',
      '',
    ];
    expect(await Promise.all(tokens.map(whoami))).toEqual(tokens.map(() => 401));
  });

  it('reads keys from an address, those that are new too, and says when it cannot', async () => {
    let served = [pair];
    let asked = 0;
    const issuer = createServer((_request, response) => {
      asked += 1;
      const keys = served.map(({ publicKey }, index) => ({ ...publicKey.export({ format: 'jwk' }), kid: `k${index}` }));
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys }));
    });
    const { url, close } = await listen(issuer, { host: '127.0.0.1', port: 0 });
    const open = () => createTestApi(refusingClient(away), { ...ISSUER, apiJwksUrl: `${url}/keys` });
    const by = async ({ app }: TestApi, { privateKey }: typeof pair, kid: string) => {
      const token = await good({}, 'ES256', kid).sign(privateKey);
      return (await app.inject({ url: '/api/v1/whoami', headers: { authorization: `Bearer ${token}` } })).statusCode;
    };
    const first = await open();
    expect(await by(first, pair, 'k0')).toBe(200);
    expect(await by(first, pair, 'k0')).toBe(200);
    expect(asked).toBe(1);
    expect(await by(first, foreign, 'k0')).toBe(401);
    served = [pair, foreign];
    const second = await open();
    expect(await by(second, foreign, 'k1')).toBe(200);
    await close();
    expect(await by(second, foreign, 'k1')).toBe(200);
    const third = await open();
    expect(await by(third, pair, 'k0')).toBe(503);
    await Promise.all([first, second, third].map((one) => one.close()));
  });

  it('takes a key that is shared with the issuer, and then nothing else', async () => {
    const holder = await createTestApi(refusingClient(away));
    const file = path.join(holder.folder, 'shared.json');
    const secret = randomBytes(32);
    const jwk = (bytes: Buffer) => ({ kty: 'oct', k: bytes.toString('base64url') });
    const open = async (content: object) => {
      await writeFile(file, JSON.stringify(content));
      return createTestApi(refusingClient(away), { ...ISSUER, apiJwtKeyFile: file });
    };
    const shared = await open(jwk(secret));
    const status = async (token: string) =>
      (await shared.app.inject({ url: '/api/v1/whoami', headers: { authorization: `Bearer ${token}` } })).statusCode;
    expect(await status(await good({}, 'HS256').sign(secret))).toBe(200);
    expect(await status(await good({}, 'HS256').sign(randomBytes(32)))).toBe(401);
    expect(await status(await good().sign(pair.privateKey))).toBe(401);
    await shared.close();
    const mixed = { keys: [jwk(secret), pair.publicKey.export({ format: 'jwk' })] };
    for (const refused of [jwk(randomBytes(31)), mixed]) {
      await expect(open(refused)).rejects.toMatchObject({ code: 'settings-invalid' });
    }
    await holder.close();
  });

  it('reads the file again when it has changed, and lets nobody in while it is broken', async () => {
    const other = await createTestApi(refusingClient(away));
    const file = path.join(other.folder, 'tokens.yaml');
    const status = async () =>
      (await other.app.inject({ url: '/api/v1/whoami', headers: other.bearer('viewer') })).statusCode;
    expect(await status()).toBe(200);
    await writeFile(file, '[{name: x}]');
    expect(await status()).toBe(503);
    await writeFile(file, '[]');
    expect(await status()).toBe(401);
    await other.close();
  });
});

describe('a server without tokens', () => {
  it('answers this machine only, whatever a page of another site asks', async () => {
    const open = await createTestApi(refusingClient(away), { open: true });
    const status = async (headers: Record<string, string>) =>
      (await open.app.inject({ url: '/api/v1/whoami', headers })).statusCode;
    expect(await status({ host: '127.0.0.1:7070' })).toBe(200);
    expect(await status({ host: 'localhost:7070', origin: 'http://localhost:5173' })).toBe(200);
    expect(await status({ host: 'evil.example:7070' })).toBe(403);
    expect(await status({ host: '127.0.0.1.evil.example' })).toBe(403);
    expect(await status({ host: '127.0.0.1:7070', origin: 'https://evil.example' })).toBe(403);
    expect(await status({ host: '127.0.0.1:7070', origin: 'null' })).toBe(403);
    expect(await status({ host: '127.0.0.1:7070', 'sec-fetch-site': 'cross-site' })).toBe(403);
    await open.close();
  });

  it('does not start before any other Temporal server than the embedded one', async () => {
    await expect(createTestApi(refusingClient(away), { open: true, embedded: false })).rejects.toMatchObject({
      code: 'settings-invalid',
      message: expect.stringContaining('not the embedded one') as string,
      remedy: expect.stringContaining('rerail token create') as string,
    });
    const closed = await createTestApi(refusingClient(away), { embedded: false });
    expect((await closed.app.inject('/api/v1/whoami')).statusCode).toBe(401);
    await closed.close();
  });

  it('does not start where others could reach it', async () => {
    await expect(createTestApi(refusingClient(away), { open: true, apiHost: '0.0.0.0' })).rejects.toMatchObject({
      code: 'settings-invalid',
      remedy: expect.stringContaining('rerail token create') as string,
    });
  });
});

describe('requests of every form', () => {
  it('are answered with a status of the document, and never with 500', async () => {
    await fc.assert(
      fc.asyncProperty(requestsOf([]), fc.constantFrom(undefined, ...ROLES), async (request, role) => {
        expect(await complaint(api.app, request, role ? api.bearer(role) : {})).toBeUndefined();
      }),
      { numRuns: 400 },
    );
  });

  it('are limited in number and in size', async () => {
    const few = await createTestApi(refusingClient(away), { apiRateLimit: 2 });
    const statuses = [];
    for (const url of ['/api/v1/whoami', '/nowhere', '/api/v1/whoami'])
      statuses.push((await few.app.inject(url)).statusCode);
    expect(statuses).toEqual([401, 404, 429]);
    await few.close();
    const large = await api.app.inject({
      method: 'POST',
      url: '/api/v1/recoveries',
      headers: api.bearer('admin'),
      payload: { text: 'x'.repeat(1_100_000) },
    });
    expect(large.statusCode).toBe(413);
    expect(large.json()).toMatchObject({
      code: 'payload-too-large',
      type: '/docs/errors/payload-too-large',
    });
  });
});
