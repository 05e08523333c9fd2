import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify';
import type { z } from 'zod';
import { inputError } from './api-errors.ts';
import { LOCAL_ACTOR } from './auth/actor.ts';
import { CONTRACT, type OperationId } from './contract.ts';
import type { RouteSpec } from './contract/route.ts';
import type { ApiDeps, Call, Handlers, RawReply, Reply } from './handler.ts';
import { toFastifyPath } from './match-path.ts';
import { breakerHandlers } from './routes/breakers.ts';
import { serviceStateHandlers } from './routes/service-states.ts';
import { monitorHandlers } from './routes/monitors.ts';
import { checkpointHandlers } from './routes/checkpoints.ts';
import { drillHandlers } from './routes/drills.ts';
import { eventHandlers } from './routes/events.ts';
import { hostHandlers } from './routes/hosts.ts';
import { insightHandlers } from './routes/insight.ts';
import { playbookHandlers } from './routes/playbooks.ts';
import { recoveryHandlers } from './routes/recoveries.ts';
import { recoveryMessageHandlers } from './routes/recovery-messages.ts';
import { reportHandlers } from './routes/reports.ts';
import { rollbackHandlers } from './routes/rollbacks.ts';
import { executionHandlers, runHandlers, transactionHandlers } from './routes/runs.ts';
import { serviceHandlers } from './routes/services.ts';
import { createStarter } from './routes/start-recovery.ts';
import { createSharedLooks } from './shared-looks.ts';
import { alertRulesSource, type AlertRulesSource } from './webhooks/alert-rules-source.ts';
import { keepRawBody } from './webhooks/keep-raw-body.ts';
import { createSignatureCheck } from './webhooks/signature-check.ts';
import { webhookHandlers } from './webhooks/webhook-handlers.ts';

/** A message waits for a worker so long, in milliseconds; what reads or writes whole checkpoints longer. */
const ANSWER_WITHIN_MS = 30_000;
const WORK_WITHIN_MS = 15 * 60_000;
const LONG_TAGS = ['rollbacks', 'checkpoints'];

function handlersOf(deps: ApiDeps, alertRules: AlertRulesSource, heard: () => void): Handlers<OperationId> {
  const start = createStarter(deps);
  return {
    ...recoveryHandlers(deps, start),
    ...recoveryMessageHandlers(deps),
    ...playbookHandlers(deps),
    ...checkpointHandlers(deps),
    ...rollbackHandlers(deps),
    ...breakerHandlers(deps),
    ...hostHandlers(deps),
    ...monitorHandlers(deps),
    ...drillHandlers(deps),
    ...serviceStateHandlers(deps),
    ...reportHandlers(deps),
    ...runHandlers(deps),
    ...transactionHandlers(deps),
    ...executionHandlers(deps),
    ...eventHandlers(deps, heard),
    ...insightHandlers(deps),
    ...serviceHandlers(deps, start),
    ...webhookHandlers(deps, alertRules),
  };
}

/** The checks of one route as Fastify wants them: what is parsed replaces what came. */
function schemaOf({ params, query, body }: RouteSpec) {
  return {
    ...(params ? { params } : {}),
    ...(query ? { querystring: query } : {}),
    ...(body ? { body } : {}),
  };
}

const PARTS: Record<string, string> = { body: 'body', querystring: 'query', params: 'address' };

async function send(reply: FastifyReply, answer: Reply<RouteSpec> | RawReply): Promise<FastifyReply> {
  if ('raw' in answer) return reply.code(answer.status).type(answer.contentType).send(answer.raw);
  return reply
    .code(answer.status)
    .headers(answer.headers ?? {})
    .type('application/json; charset=utf-8')
    .send(JSON.stringify(answer.body));
}

function headersOf(spec: RouteSpec, request: FastifyRequest): unknown {
  const parsed = spec.headers?.safeParse(request.headers);
  if (parsed?.success === false) throw inputError('header', parsed.error.issues);
  return parsed?.data;
}

/** Every route of the contract, each with its handler. */
export function registerRoutes(app: FastifyInstance, deps: ApiDeps): void {
  const alertRules = alertRulesSource(deps.settings.alertRulesFile);
  const looks = createSharedLooks();
  const handlers = handlersOf(deps, alertRules, looks.changed);
  const checkSignature = createSignatureCheck(alertRules);
  app.setValidatorCompiler<z.ZodType>(({ schema, httpPart }) => (data) => {
    const parsed = schema.safeParse(data);
    if (parsed.success) return { value: parsed.data };
    return { error: inputError(PARTS[httpPart ?? ''] ?? 'request', parsed.error.issues) };
  });
  const signed: RouteOptions[] = [];
  for (const id of Object.keys(CONTRACT) as OperationId[]) {
    const spec: RouteSpec = CONTRACT[id];
    // What joins a route to its handler is the operation id: the two are checked where each is written.
    const handle = handlers[id] as (call: Call<RouteSpec>) => Promise<Reply<RouteSpec> | RawReply | undefined>;
    const within = LONG_TAGS.includes(spec.tag) ? WORK_WITHIN_MS : ANSWER_WITHIN_MS;
    const route: RouteOptions = {
      method: spec.method,
      url: toFastifyPath(spec.path),
      schema: schemaOf(spec),
      config: { spec },
      handler: async (request, reply) => {
        const call = {
          params: request.params,
          query: request.query,
          body: request.body,
          headers: headersOf(spec, request),
          actor: request.actor ?? LOCAL_ACTOR,
          request,
          reply,
        } as Call<RouteSpec>;
        const ask = () => deps.recoveries.client.withDeadline(Date.now() + within, () => handle(call));
        const answer = await (spec.shared ? looks.look(request.url, ask) : ask()).finally(() => {
          if (spec.changes) looks.changed();
        });
        return answer === undefined ? reply : send(reply, answer);
      },
    };
    if (spec.access === 'signed') signed.push({ ...route, preValidation: checkSignature });
    else app.route(route);
  }
  // The bytes as they came are kept for these only.
  void app.register(async (scope) => {
    keepRawBody(scope);
    for (const route of signed) scope.route(route);
  });
}
