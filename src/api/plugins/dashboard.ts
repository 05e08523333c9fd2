import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/** Where the build puts it, beside this code; undefined when it was not built. */
export function builtDashboard(): string | undefined {
  const directory = fileURLToPath(new URL('../../dashboard', import.meta.url));
  return existsSync(path.join(directory, 'index.html')) ? directory : undefined;
}

/** Names with a hash of the content never mean anything else. */
const FOREVER = 'public, max-age=31536000, immutable';

/** The files of the dashboard, without a token: they are the same for everybody and know nothing. */
export async function addDashboard(app: FastifyInstance, directory: string): Promise<void> {
  // The headers of a file are set below Fastify, whose own, `no-store` for every answer, would win.
  app.addHook('onSend', async (_request, reply) => {
    const ofFile = reply.raw.getHeader('cache-control');
    if (ofFile !== undefined) reply.header('cache-control', ofFile);
  });
  await app.register(fastifyStatic, {
    root: directory,
    // Other addresses go to the handler for what is not found, which knows those of the pages.
    wildcard: false,
    cacheControl: false,
    setHeaders(reply, file) {
      reply.setHeader('cache-control', file.includes(`${path.sep}assets${path.sep}`) ? FOREVER : 'no-cache');
    },
  });
}

/** Whether a browser asks for one of the dashboard's pages, whose addresses only the dashboard knows. */
export const asksForPage = ({ method, url, headers }: FastifyRequest): boolean =>
  method === 'GET' && !/^\/(api|assets)(\/|$|\?)/.test(url) && (headers.accept ?? '').includes('text/html');
