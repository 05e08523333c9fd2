import type { FastifyInstance } from 'fastify';

declare module 'fastify' {
  interface FastifyRequest {
    /** The bytes as they came, on routes whose body is signed. */
    rawBody: Buffer | undefined;
  }
}

/** A signature is over the bytes: JSON that was parsed and written again is another text. */
export function keepRawBody(scope: FastifyInstance): void {
  const parse = scope.getDefaultJsonParser('error', 'error');
  scope.decorateRequest('rawBody', undefined);
  scope.removeContentTypeParser('application/json');
  scope.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    request.rawBody = body;
    void parse(request, body.toString('utf8'), done);
  });
}
