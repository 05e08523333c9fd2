import type { FastifyInstance, FastifyRequest } from 'fastify';
import { messageOf } from '../../domain/errors.ts';
import { createRedactor } from '../../telemetry/redact.ts';
import type { AuditFields, AuditLog } from '../audit/audit-log.ts';

const redact = createRedactor();

type Fields = Record<string, unknown>;

const asFields = (value: unknown): Fields => (typeof value === 'object' && value !== null ? (value as Fields) : {});

/** What the request is about: what its address or, failing that, its body names. */
function targetOf({ params, body }: FastifyRequest): string | undefined {
  const inPath = asFields(params);
  const inBody = asFields(body);
  const named = [
    inPath['id'] ?? inPath['name'] ?? inPath['key'],
    asFields(inBody['failure'])['target'],
    ...['target', 'subject', 'name', 'workflowId', 'key', 'automation'].map((field) => inBody[field]),
    asFields(asFields(inBody['pipeline'])['metadata'])['name'],
    asFields(inBody['transaction'])['name'],
  ];
  const found = named.find((value): value is string => typeof value === 'string');
  return found === undefined ? undefined : redact(found.slice(0, 300));
}

function reasonOf({ body, query }: FastifyRequest): string | undefined {
  const given =
    asFields(body)['reason'] ?? asFields(query)['reason'] ?? asFields(asFields(body)['breakGlass'])['reason'];
  return typeof given === 'string' ? redact(given.slice(0, 2000)) : undefined;
}

function fieldsOf(request: FastifyRequest): Omit<AuditFields, 'kind'> {
  const { actor } = request;
  const target = targetOf(request);
  return {
    requestId: request.id,
    ...(actor ? { actor: actor.name, roles: actor.roles, via: actor.via } : {}),
    method: request.method,
    route: request.routeOptions.config.spec?.path ?? request.routeOptions.url ?? '',
    ...(target === undefined ? {} : { target }),
  };
}

/** Asked for too much or too early to be worth a line that is kept; the log has those within its limit. */
const NOT_KEPT = [404, 405, 429];

/** Every request that changes something: what is meant before it is done, how it ended before it is answered. */
export function addAudit(app: FastifyInstance, audit: AuditLog): void {
  app.decorateRequest('audited', false);
  app.decorateRequest('inAudit', false);
  app.addHook('preHandler', async (request) => {
    if (!request.routeOptions.config.spec?.changes) return;
    const reason = reasonOf(request);
    await audit.append({ kind: 'intent', ...fieldsOf(request), ...(reason === undefined ? {} : { reason }) });
    request.audited = true;
  });
  app.addHook('onSend', async (request, reply) => {
    const { spec } = request.routeOptions.config;
    const { statusCode: status } = reply;
    if (!spec?.changes || (!request.audited && NOT_KEPT.includes(status))) return;
    const kind = request.audited ? 'outcome' : 'refused';
    const code = request.problemCode;
    const entry: AuditFields = { kind, ...fieldsOf(request), status, ...(code === undefined ? {} : { code }) };
    request.inAudit = true;
    request.log.info({ audit: entry }, `${kind} of ${request.method} ${spec.path}`);
    await audit.append(entry).catch((error: unknown) => {
      // It is done and cannot be taken back: the answer says so, and the log that the audit lacks it.
      request.log.error({ reason: messageOf(error), requestId: request.id }, 'the audit lacks the outcome');
    });
  });
}

declare module 'fastify' {
  interface FastifyRequest {
    /** What is meant is written down. */
    audited: boolean;
    /** How it ended is, too. */
    inAudit: boolean;
  }
}
