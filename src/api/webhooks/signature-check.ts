import type { FastifyRequest } from 'fastify';
import { bodyRefusal } from '../../config/body-signature.ts';
import { isPagerDutySignature, isRoutingKey } from '../../config/pagerduty-signature.ts';
import { readSecret } from '../../process/read-secret.ts';
import { RerailError } from '../../domain/errors.ts';
import type { AlertSourceDefinition } from '../../domain/alert.ts';
import { createActor } from '../auth/actor.ts';
import type { AlertRulesSource } from './alert-rules-source.ts';

const refused = (why: string): RerailError =>
  new RerailError('unauthenticated', why, {
    remedy:
      'Sign the body with the secret of a source in the file of alert rules; events of PagerDuty name it as their routing key.',
    nonRetryable: true,
  });

const headerOf = (request: FastifyRequest, name: string): string | undefined => {
  const value = request.headers[name];
  return typeof value === 'string' ? value : undefined;
};

/** Longer than a signature is good for, on both sides. */
const REMEMBERED_MS = 11 * 60_000;

/** Signatures that were used: each is good once. Another process does not know them; there the alert's own key holds. */
function createReplayGuard() {
  const used = new Map<string, number>();
  return (signature: string): boolean => {
    const now = Date.now();
    for (const [old, until] of used) {
      if (until > now) break;
      used.delete(old);
    }
    if (used.has(signature)) return false;
    used.set(signature, now + REMEMBERED_MS);
    return true;
  };
}

/** Finds the source that has signed a request, before anything else is done with it. Throws `unauthenticated`. */
export function createSignatureCheck({ configured, read }: AlertRulesSource) {
  const isNew = createReplayGuard();

  async function signer(request: FastifyRequest, sources: readonly AlertSourceDefinition[]) {
    const body = request.rawBody ?? Buffer.alloc(0);
    let why = 'the signature does not fit';
    for (const source of sources) {
      const secret = await readSecret(source.secretFrom);
      if (source.type === 'pagerduty') {
        if (isPagerDutySignature(headerOf(request, 'x-pagerduty-signature'), body, secret)) return source;
        continue;
      }
      if (source.type === 'pagerduty-events') {
        if (isRoutingKey(body, secret)) return source;
        continue;
      }
      const refusal = bodyRefusal({ header: headerOf(request, 'x-rerail-signature'), body, secret }, new Date());
      if (refusal === undefined) return source;
      if (refusal !== 'the signature does not fit') why = refusal;
    }
    throw refused(why);
  }

  return async (request: FastifyRequest): Promise<void> => {
    const type = request.routeOptions.url?.split('/').at(-1);
    const { sources } = configured ? await read() : { sources: [] };
    const found = await signer(
      request,
      sources.filter((source) => source.type === type),
    );
    if (type === 'generic' && !isNew(headerOf(request, 'x-rerail-signature') ?? '')) {
      throw refused('this request was received before: sign it anew to send it again');
    }
    request.actor = createActor(found.name, { roles: ['operator'], via: 'signature' });
  };
}
