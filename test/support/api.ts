import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { FastifyInstance } from 'fastify';
import { createApp } from '../../src/api/app.ts';
import { openAuditLog } from '../../src/api/audit/audit-log.ts';
import { readAuditPage } from '../../src/api/audit/read-audit.ts';
import { createAuthenticator } from '../../src/api/auth/authenticator.ts';
import { createToken } from '../../src/api/auth/token-file.ts';
import { ROLES, type Role } from '../../src/api/contract/route.ts';
import type { ApiDeps } from '../../src/api/handler.ts';
import { createStreams } from '../../src/api/events/streams.ts';
import type { RecoveryClient } from '../../src/client/recovery-client.ts';
import { defaultSettings, type Settings } from '../../src/config/settings.ts';
import { createLogger } from '../../src/telemetry/logger.ts';

export interface TestApi {
  app: FastifyInstance;
  /** One for each role; `ada` is an approver of the team lead. */
  tokens: Record<Role | 'ada', string>;
  folder: string;
  auditFolder: string;
  bearer: (who: Role | 'ada') => { authorization: string };
  logged: string[];
  close: () => Promise<void>;
}

type Given = Partial<Settings> &
  Pick<ApiDeps, 'dashboard' | 'requestWithinMs' | 'temporalUi' | 'metrics'> &
  Partial<Pick<ApiDeps, 'streams'>> & { open?: boolean; embedded?: boolean };

/** The app with a token for each role, and a folder of its own. */
export async function createTestApi(recoveries: RecoveryClient, given: Given = {}): Promise<TestApi> {
  const folder = await mkdtemp(path.join(tmpdir(), 'rerail-api-'));
  const made = [...ROLES, 'ada' as const].map((name) => ({
    name,
    ...createToken(
      name === 'ada' ? { name, roles: ['approver'], teams: ['lead'] } : { name: `the-${name}`, roles: [name] },
    ),
  }));
  const tokensFile = path.join(folder, 'tokens.yaml');
  await writeFile(tokensFile, JSON.stringify(made.map(({ entry }) => entry)));
  const {
    open,
    embedded = true,
    dashboard,
    requestWithinMs,
    temporalUi,
    metrics,
    streams = createStreams(),
    ...overrides
  } = given;
  const settings: Settings = {
    ...defaultSettings({ env: {}, home: folder, cwd: folder }),
    apiRateLimit: 1_000_000,
    ...(open ? {} : { apiTokensFile: tokensFile }),
    ...overrides,
  };
  const tokens = Object.fromEntries(made.map(({ name, token }) => [name, token])) as TestApi['tokens'];
  const auditFolder = path.join(folder, 'audit');
  const authenticator = await createAuthenticator(settings, { embedded });
  const audit = await openAuditLog(auditFolder);
  const logged: string[] = [];
  const app = await createApp({
    recoveries,
    settings,
    authenticator,
    audit,
    logger: createLogger({ level: 'info', format: 'json', write: (line) => void logged.push(line) }),
    streams,
    ...(dashboard === undefined ? {} : { dashboard }),
    ...(metrics ? { metrics } : {}),
    ...(temporalUi === undefined ? {} : { temporalUi }),
    ...(requestWithinMs === undefined ? {} : { requestWithinMs }),
  });
  return {
    app,
    tokens,
    folder,
    auditFolder,
    logged,
    bearer: (who) => ({ authorization: `Bearer ${tokens[who]}` }),
    async close() {
      await app.close();
      await audit.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export interface Asked {
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  body?: object;
  headers?: object;
}

/** Asks as somebody, and gives what came: with a body it is a POST where nothing else is said. */
export async function askApi(
  { app, bearer }: TestApi,
  who: Role | 'ada',
  url: string,
  { body, method = body ? 'POST' : 'GET', headers = {} }: Asked = {},
) {
  const all = { ...bearer(who), ...headers };
  const answer = await app.inject({ method, url, headers: all, ...(body ? { payload: body } : {}) });
  const isJson = /^application\/(problem\+)?json/.test(String(answer.headers['content-type']));
  const parsed = isJson ? answer.json<Record<string, unknown>>() : {};
  return { status: answer.statusCode, body: parsed, text: answer.body, headers: answer.headers };
}

/** The audit's lines about a route, oldest first, without what differs each time. */
export async function auditOf({ auditFolder }: TestApi, route: string) {
  const { items } = await readAuditPage(auditFolder, { limit: 200 });
  return items.filter((item) => item.route === route).reverse();
}

/** A client whose every call is refused, as when Temporal is away. */
export function refusingClient(refusal: () => Error): RecoveryClient {
  const refuse = (): Promise<never> => Promise.reject(refusal());
  const methods = new Proxy({}, { get: () => refuse });
  const known: Record<string, unknown> = {
    client: { withDeadline: (_at: number, work: () => unknown) => work(), options: { namespace: 'default' } },
    getHandle: () => methods,
    readiness: () => Promise.resolve([{ name: 'server', ok: false, detail: 'away' }]),
    drills: { handle: () => methods, start: refuse, list: refuse, proofs: refuse },
    drillSuites: { list: refuse, report: refuse },
    runs: { getHandle: () => methods, start: refuse, page: refuse },
    transactions: { handle: () => methods, start: refuse },
  };
  const nested = [
    'checkpoints',
    'breakers',
    'hosts',
    'monitors',
    'services',
    'automation',
    'knowledge',
    'executions',
    'bulks',
  ];
  return new Proxy(known, {
    get: (target, name: string) => target[name] ?? (nested.includes(name) ? methods : refuse),
  }) as unknown as RecoveryClient;
}
