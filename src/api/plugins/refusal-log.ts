import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Logger } from '../../telemetry/logger.ts';

/** So many lines a minute: who only asks often enough must not fill a disk, nor hide among others what matters. */
const LINES_PER_MINUTE = 60;
const MINUTE_MS = 60_000;
const LONGEST_PATH = 200;

export interface Refusal {
  status: number;
  code?: string | undefined;
  /** Of the request, where it became one: also in the answer. */
  requestId?: string;
  actor?: string;
  method?: string;
  route?: string;
  from?: string | undefined;
}

export interface RefusalLog {
  add: (refusal: Refusal) => void;
}

/** Lines about requests that nobody answered as asked. Those beyond the limit are counted in the next line. */
export function createRefusalLog(log: Pick<Logger, 'warn'>, now: () => number = Date.now): RefusalLog {
  let begun = Number.NEGATIVE_INFINITY;
  let lines = 0;
  let unsaid = 0;
  return {
    add(refusal) {
      if (now() - begun >= MINUTE_MS) {
        begun = now();
        lines = 0;
      }
      if (lines >= LINES_PER_MINUTE) {
        unsaid += 1;
        return;
      }
      lines += 1;
      const { method = 'a request', route = '' } = refusal;
      const more = unsaid > 0 ? { refusedUnsaid: unsaid } : {};
      unsaid = 0;
      log.warn({ refusal, ...more }, `refused ${method}${route === '' ? '' : ` ${route}`} with ${refusal.status}`);
    },
  };
}

const REFUSED = [401, 403, 405, 413, 414, 415, 429];

/** Without the query, and without what could be a token that somebody has put into the path. */
const bare = (url: string): string =>
  (url.split('?')[0] ?? '').replaceAll(/[\w.~%+=-]{24,}/g, '…').slice(0, LONGEST_PATH);

function refusalOf(request: FastifyRequest, status: number): Refusal {
  const { actor, problemCode: code } = request;
  const { config, url } = request.routeOptions;
  return {
    status,
    code,
    requestId: request.id,
    ...(actor ? { actor: actor.name } : {}),
    method: request.method,
    route: config.spec?.path ?? url ?? bare(request.url),
    from: request.ip,
  };
}

/** What was refused and changes nothing is in the log; what would have changed something is in the audit, which logs it. */
export function addRefusalLog(app: FastifyInstance, refusals: RefusalLog): void {
  app.addHook('onResponse', async (request, reply) => {
    const { statusCode: status } = reply;
    const refused = REFUSED.includes(status) || request.problemCode === 'route-not-found';
    if (refused && !request.inAudit) refusals.add(refusalOf(request, status));
  });
}
