import type { FastifyInstance } from 'fastify';
import { mayCall, type Actor } from '../auth/actor.ts';
import type { Authenticator } from '../auth/authenticator.ts';
import { foreignOrigin } from '../auth/loopback.ts';
import { accessDenied } from '../api-errors.ts';
import type { RouteSpec } from '../contract/route.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Undefined on public routes. */
    actor: Actor | undefined;
  }
  interface FastifyContextConfig {
    /** Of the contract; absent for files and for addresses that lead nowhere. */
    spec?: RouteSpec;
  }
}

/** Who asks, and whether they may: before the body is read. */
export function addAuth(app: FastifyInstance, { open, authenticate }: Authenticator): void {
  app.decorateRequest('actor', undefined);
  app.addHook('preParsing', async (request) => {
    const { spec } = request.routeOptions.config;
    const foreign = open ? foreignOrigin(request.headers) : undefined;
    if (foreign !== undefined) {
      throw accessDenied(foreign, 'Ask at http://127.0.0.1 or http://localhost, or set up tokens.');
    }
    if (!spec || spec.access === 'public' || spec.access === 'signed') return;
    const actor = await authenticate(request.headers.authorization);
    request.actor = actor;
    if (mayCall(actor, spec.access)) return;
    throw accessDenied(
      `${actor.name} has the roles ${actor.roles.join(', ') || 'none'}, and this needs ${spec.access}`,
      'Ask somebody who has that role, or for a token that has it.',
    );
  });
}
