import type {} from '@fastify/rate-limit';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ErrorCode } from '../../domain/errors.ts';
import { isRerailError, messageOf, RerailError } from '../../domain/errors.ts';
import { createRedactor } from '../../telemetry/redact.ts';
import { routeNotFound } from '../api-errors.ts';
import { methodsAt } from '../match-path.ts';
import { asksForPage } from './dashboard.ts';
import { pageOfCode, STATUS_OF_CODE, titleOf } from '../problem-statuses.ts';

const redact = createRedactor();

/** What Fastify itself refuses, by its status. */
const OF_FRAMEWORK: Record<number, { code: ErrorCode; detail: string; remedy: string }> = {
  400: { code: 'invalid-input', detail: 'the request cannot be read', remedy: 'Send valid JSON and a valid address.' },
  404: { code: 'route-not-found', detail: 'there is nothing at this address', remedy: 'See /openapi.json.' },
  413: { code: 'payload-too-large', detail: 'the body is larger than 1 MiB', remedy: 'Send less.' },
  414: { code: 'invalid-input', detail: 'the address is too long', remedy: 'Send a shorter one.' },
  415: {
    code: 'unsupported-media-type',
    detail: 'the body is not JSON',
    remedy: 'Send `Content-Type: application/json`.',
  },
};

function asRerailError(error: unknown): RerailError | undefined {
  if (isRerailError(error)) return error;
  const { statusCode = 500 } = error as FastifyError;
  const known = OF_FRAMEWORK[statusCode] ?? (statusCode < 500 ? OF_FRAMEWORK[400] : undefined);
  return known && new RerailError(known.code, known.detail, { remedy: known.remedy, nonRetryable: true });
}

function internal(traceId: string) {
  return {
    type: pageOfCode('unexpected'),
    title: titleOf('unexpected'),
    status: 500,
    detail: 'something went wrong inside the server; its log has the details under this trace id',
    code: 'unexpected',
    traceId,
  };
}

/** RFC 9457. Of an internal error nothing is told but where to look. */
export function problemOf(error: unknown, traceId: string) {
  const known = asRerailError(error);
  const status = known && STATUS_OF_CODE[known.code];
  if (!known || status === undefined) return internal(traceId);
  const { code, message, remedy, details } = known;
  const told = code === 'settings-invalid' ? 'the server is not set up as it has to be; its log says how' : message;
  return {
    type: pageOfCode(code),
    title: titleOf(code),
    status,
    detail: redact(told),
    code,
    ...(remedy === undefined || code === 'settings-invalid' ? {} : { remedy: redact(remedy) }),
    traceId,
    ...(Array.isArray(details['errors']) ? { errors: details['errors'] as unknown[] } : {}),
  };
}

/** Answers with a problem, and keeps its code for the audit. */
export async function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const problem = problemOf(error, request.id);
  if (problem.status >= 500) request.log.error({ err: error, status: problem.status }, messageOf(error));
  if (problem.status === 401) reply.header('www-authenticate', 'Bearer realm="rerail"');
  request.problemCode = problem.code;
  await reply.code(problem.status).type('application/problem+json').send(JSON.stringify(problem));
}

declare module 'fastify' {
  interface FastifyRequest {
    problemCode: string | undefined;
  }
}

/** Errors, and addresses that lead nowhere: 405 with `Allow` where another method would. The dashboard has pages of its own. */
export function addProblems(app: FastifyInstance, { dashboard }: { dashboard: boolean }): void {
  app.decorateRequest('problemCode', undefined);
  app.setErrorHandler(sendProblem);
  app.setNotFoundHandler({ preHandler: app.rateLimit() }, async (request, reply) => {
    const path = (request.url.split('?')[0] ?? '/').slice(0, 300);
    const allowed = methodsAt(path);
    if (dashboard && allowed.length === 0 && asksForPage(request)) return reply.sendFile('index.html');
    if (allowed.length === 0) return sendProblem(routeNotFound(`${request.method} ${path}`), request, reply);
    reply.header('allow', allowed.join(', '));
    const error = new RerailError('method-not-allowed', `${request.method} is not possible at ${path}`, {
      remedy: `Use ${allowed.join(' or ')}.`,
      nonRetryable: true,
    });
    return sendProblem(error, request, reply);
  });
}
