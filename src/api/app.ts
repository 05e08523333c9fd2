import { randomUUID } from 'node:crypto';
import cors from '@fastify/cors';
import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import Fastify, { LogController, type FastifyBaseLogger, type FastifyInstance } from 'fastify';
import { RerailError } from '../domain/errors.ts';
import type { ApiDeps } from './handler.ts';
import { registerLinks } from './links/register-links.ts';
import { addAudit } from './plugins/audit.ts';
import { addAuth } from './plugins/auth.ts';
import { addDashboard } from './plugins/dashboard.ts';
import { addProblems, sendProblem } from './plugins/problem-json.ts';
import { addRefusalLog, createRefusalLog } from './plugins/refusal-log.ts';
import { refuseUnread } from './plugins/unread-requests.ts';
import { registerRoutes } from './register-routes.ts';
import { endUnusedConnections } from './unused-connections.ts';

const MIB = 1024 * 1024;
const REQUEST_WITHIN_MS = 30_000;
/** Of that time: it is looked so often whether a request is late. */
const LATE_LOOKS = 6;
/** A workflow id in an address, encoded. */
const LONGEST_PARAMETER = 1000;

/** `default-src 'self'`: the dashboard under the same origin, and nothing inline. */
const CONTENT_SECURITY_POLICY = {
  useDefaults: false,
  directives: {
    'default-src': ["'self'"],
    'base-uri': ["'none'"],
    'form-action': ["'self'"],
    'frame-ancestors': ["'none'"],
    'object-src': ["'none'"],
    'img-src': ["'self'", 'data:'],
  },
};

/** The API without a socket: routes, guards and problems. `inject` works on it. */
export async function createApp(deps: ApiDeps): Promise<FastifyInstance> {
  const { settings, logger, requestWithinMs = REQUEST_WITHIN_MS } = deps;
  const refusals = createRefusalLog(logger);
  const app = Fastify({
    loggerInstance: logger as unknown as FastifyBaseLogger,
    // Changes are logged with the audit, errors with their problem; every look at a list is not worth a line.
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: () => randomUUID(),
    bodyLimit: MIB,
    requestTimeout: requestWithinMs,
    http: { connectionsCheckingInterval: requestWithinMs / LATE_LOOKS, headersTimeout: requestWithinMs },
    exposeHeadRoutes: false,
    // Streams end with the server, and nobody keeps it waiting.
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: LONGEST_PARAMETER },
    frameworkErrors: (error, request, reply) => void sendProblem(error, request, reply),
    clientErrorHandler: refuseUnread(refusals),
  });
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id);
    reply.header('cache-control', 'no-store');
  });
  app.addHook('onResponse', async (request, reply) => {
    const { config, url } = request.routeOptions;
    const route = config.spec?.path ?? url ?? 'none';
    // Streams last as long as somebody looks.
    if (route.endsWith('/events')) return;
    deps.metrics?.requestAnswered({
      method: request.method,
      route,
      status: reply.statusCode,
      durationMs: reply.elapsedTime,
    });
  });
  await app.register(helmet, {
    contentSecurityPolicy: CONTENT_SECURITY_POLICY,
    strictTransportSecurity: false,
    xFrameOptions: { action: 'deny' },
  });
  if (settings.apiCorsOrigins.length > 0) {
    await app.register(cors, {
      origin: settings.apiCorsOrigins,
      methods: ['GET', 'POST', 'PUT', 'DELETE'],
      allowedHeaders: ['authorization', 'content-type', 'idempotency-key', 'last-event-id'],
      exposedHeaders: ['location', 'x-request-id', 'retry-after'],
    });
  }
  await app.register(rateLimit, {
    global: true,
    max: settings.apiRateLimit,
    timeWindow: '1 minute',
    enableDraftSpec: true,
    errorResponseBuilder: (_request, { max, after }) =>
      new RerailError('rate-limited', `more than ${max} requests a minute came from your address`, {
        remedy: `Try again in ${after}.`,
      }),
  });
  addProblems(app, { dashboard: deps.dashboard !== undefined });
  addAuth(app, deps.authenticator);
  addAudit(app, deps.audit);
  addRefusalLog(app, refusals);
  // Only JSON: anything else is refused before it is read.
  app.removeContentTypeParser('text/plain');
  registerRoutes(app, deps);
  registerLinks(app, deps);
  if (deps.dashboard !== undefined) await addDashboard(app, deps.dashboard);
  app.addHook('preClose', async () => deps.streams.closeAll());
  endUnusedConnections(app);
  return app;
}
