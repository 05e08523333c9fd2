import { generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { SignJWT } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CONTRACT } from '../../../src/api/contract.ts';
import type { Access, RouteSpec } from '../../../src/api/contract/route.ts';
import { RerailError } from '../../../src/domain/errors.ts';
import { auditOf, createTestApi, refusingClient, type TestApi } from '../../support/api.ts';

/** Written down a second time: who gives a route to others than these has to say so here as well. */
const LEAST: Record<Access, string> = {
  public: 'errorPage health openapi readiness',
  signed: 'genericAlerts pagerDutyEvents pagerDutyTriggers',
  viewer: `alertCounts circuitBreakerStatus countRecoveries diffCheckpoints events getAutomation getBreaker getBulk
    getCheckpoint getDrill getDrillSuite getHost getMonitor getPeriodReport getPlaybook getRecovery getRun getService
    getTransaction listBreakers listBulks listCheckpoints listDrillSuites listDrills listHosts listMonitors listPlaybooks
    listRecoveries listRuns listServices listSubjects metrics previewPlan recoveryEvents recoveryReceipt recoveryReport
    serviceHistory serviceStatistics serviceStatus statistics whoami`,
  operator: `alertmanagerAlerts cancelDrill cancelRecovery cancelRun cancelTransaction checkMonitor closeBreaker
    completeManualStep continueRecovery decideRecovery degradeService drainHost forkRecovery pauseRecovery previewRollback
    previewUndo recoverExecution resetBreaker resetMonitorTarget restoreService resumeRecovery setMaintenance startBulk
    startRecovery stopBulk stopMonitor undrainHost verifyCheckpoint`,
  approver: 'approveRecovery denyRecovery',
  admin: `applyRollback audit circuitBreakerReset clearCache deleteCheckpoint forgetHost invalidateCheckpoint killRecovery
    openBreaker reconnectDatabase setAutomation startDrill startMonitor startRun startTransaction triggerRecovery
    undoRollback`,
};

const ROUTES = Object.entries<RouteSpec>(CONTRACT);
const WRITING = ROUTES.filter(([, { method }]) => method !== 'GET');
const PREVIEWS = ['previewPlan', 'previewRollback', 'previewUndo'];
/** In the words of whoever sends the alerts, so that nothing of them can be refused by name. */
const FOREIGN = ['alertmanagerAlerts', 'genericAlerts', 'pagerDutyEvents', 'pagerDutyTriggers'];

const SAMPLE: Record<string, string> = { id: 'cp_00000000000000000000000000', name: 'n', key: 'k', code: 'timed-out' };
/** Ids of their own form. */
const IDS: Record<string, string> = { runs: 'run%2Fshop%2F1', drills: 'never%2F2026-01-01t12-00-00-000' };
const addressOf = ({ path: pattern, tag }: RouteSpec): string =>
  pattern.replaceAll(/\{(\w+)\}/g, (_, name: string) => (name === 'id' ? IDS[tag] : undefined) ?? SAMPLE[name] ?? 'x');

const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ISSUER = { apiJwtIssuer: 'https://issuer', apiJwtAudience: 'rerail' };
const signed = (change: (token: SignJWT) => SignJWT) =>
  change(
    new SignJWT({ roles: ['admin'] })
      .setSubject('mallory')
      .setIssuer(ISSUER.apiJwtIssuer)
      .setAudience(ISSUER.apiJwtAudience)
      .setExpirationTime('1h'),
  )
    .setProtectedHeader({ alg: 'ES256' })
    .sign(pair.privateKey);

let api: TestApi;
/** How often a handler has got as far as to ask Temporal for anything. */
let touched = 0;
beforeEach(async () => {
  touched = 0;
  const client = refusingClient(() => {
    touched += 1;
    return new RerailError('server-unreachable', 'Temporal is away');
  });
  const holder = await createTestApi(client);
  const file = path.join(holder.folder, 'key.pem');
  await writeFile(file, pair.publicKey.export({ type: 'spki', format: 'pem' }));
  api = await createTestApi(client, { ...ISSUER, apiJwtKeyFile: file });
  await holder.close();
});
afterEach(() => api.close());

const ask = (spec: RouteSpec, headers: object, payload?: object, query = '') =>
  api.app.inject({
    method: spec.method,
    url: addressOf(spec) + query,
    headers: { ...headers },
    ...(payload ? { payload } : {}),
  });

/** The one line about a refusal, for what changes something; none for what only reads. */
async function expectKept(spec: RouteSpec, line: object) {
  expect(await auditOf(api, spec.path)).toMatchObject(spec.changes ? [{ kind: 'refused', ...line }] : []);
}

describe('the contract', () => {
  it('gives every route to the least role that may have it', () => {
    const least = Object.entries(LEAST).flatMap(([access, ids]) => ids.split(/\s+/).map((id) => [id, access]));
    expect(Object.fromEntries(ROUTES.map(([id, { access }]) => [id, access]))).toEqual(Object.fromEntries(least));
  });

  it('takes every request that is no GET for a change, but previews, and has nobody read into one', () => {
    expect(
      WRITING.filter(([, { changes }]) => !changes)
        .map(([id]) => id)
        .sort(),
    ).toEqual(PREVIEWS);
    expect(ROUTES.filter(([, { method, changes }]) => method === 'GET' && changes)).toEqual([]);
    for (const [id, { changes, access }] of ROUTES) {
      if (changes) expect(['viewer', 'public'], id).not.toContain(access);
    }
  });
});

describe('whatever the route', () => {
  it.each(ROUTES)(
    '%s refuses a token that has expired, that is for others, or that was never made',
    async (_id, spec) => {
      const tokens = [
        await signed((token) => token.setExpirationTime(Math.floor(Date.now() / 1000) - 60)),
        await signed((token) => token.setAudience('other')),
        `${api.tokens.admin}x`,
      ];
      if (spec.access === 'public')
        return expect((await ask(spec, { authorization: 'Bearer x' })).statusCode).not.toBe(401);
      for (const token of tokens) {
        const { statusCode } = await ask(spec, { authorization: `Bearer ${token}` }, spec.body ? {} : undefined);
        expect(statusCode).toBe(401);
      }
      expect(touched).toBe(0);
      const kept = await auditOf(api, spec.path);
      const refused = { kind: 'refused', status: 401, code: 'unauthenticated' };
      expect(kept).toMatchObject(spec.changes ? [refused, refused, refused] : []);
      for (const line of kept) expect(line.actor).toBeUndefined();
      const written = JSON.stringify(kept) + api.logged.join('');
      expect(api.logged.join('')).toContain(spec.path);
      for (const token of tokens) expect(written).not.toContain(token);
    },
  );

  it.each(WRITING.filter(([id]) => !FOREIGN.includes(id)))('%s refuses to be told who acts', async (_id, spec) => {
    const headers = api.bearer('admin');
    for (const field of ['by', 'actor', 'roles']) {
      const answer = spec.body
        ? await ask(spec, headers, { [field]: 'mallory' })
        : await ask(spec, headers, undefined, `?${field}=mallory`);
      expect(answer.statusCode).toBe(400);
      const { errors } = answer.json<{ errors: object[] }>();
      expect(errors).toContainEqual({ field, message: expect.stringContaining('your token') as string });
    }
    expect(touched).toBe(0);
    const kept = await auditOf(api, spec.path);
    const refused = { kind: 'refused', actor: 'the-admin', status: 400, code: 'invalid-input' };
    expect(kept).toMatchObject(spec.changes ? [refused, refused, refused] : []);
    expect(JSON.stringify(kept)).not.toContain('mallory');
  });

  it.each(WRITING)('%s refuses a body that is too large', async (_id, spec) => {
    const answer = await ask(spec, api.bearer('admin'), { text: 'x'.repeat(1_100_000) });
    expect(answer.statusCode).toBe(413);
    expect(touched).toBe(0);
    await expectKept(spec, { status: 413, code: 'payload-too-large' });
  });

  it.each(ROUTES.filter(([, { access }]) => access !== 'public'))('%s needs a token', async (_id, spec) => {
    const { statusCode, headers } = await ask(spec, {}, spec.body ? {} : undefined);
    expect([statusCode, headers['www-authenticate']]).toEqual([401, 'Bearer realm="rerail"']);
    expect(touched).toBe(0);
    await expectKept(spec, { status: 401 });
  });
});
