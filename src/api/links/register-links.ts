import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { formRefusal, signForm, type LinkClaims } from '../../config/approval-links.ts';
import { messageOf } from '../../domain/errors.ts';
import { accessDenied, inputError } from '../api-errors.ts';
import { createActor } from '../auth/actor.ts';
import type { RouteSpec } from '../contract/route.ts';
import type { ApiDeps } from '../handler.ts';
import { problemOf } from '../plugins/problem-json.ts';
import { signAnswer } from '../routes/verdict.ts';
import { LINK_STYLE, noticePage, questionPage } from './link-page.ts';
import { openQuestion, requireLink } from './open-link.ts';

declare module 'fastify' {
  interface FastifyRequest {
    link: LinkClaims | undefined;
  }
}

/** For the audit; the address itself holds a secret and is written nowhere. */
const specOf = (method: 'GET' | 'POST'): RouteSpec => ({
  method,
  path: '/links/{token}',
  tag: 'links',
  summary: 'A link in a notification.',
  access: 'public',
  changes: method === 'POST',
  answers: {},
});

const FORM_LIMIT = 16 * 1024;

const FormSchema = z.object({
  form: z.string().max(200),
  stateHash: z.string().max(200),
  reason: z.string().trim().max(2000).default(''),
});

const tokenOf = ({ params }: FastifyRequest): string => (params as { token: string }).token;

/** A form of another site: no browser that says where a request comes from lets it through. */
function requireOwnForm({ headers }: FastifyRequest, publicUrl: string): void {
  const { origin, host, 'sec-fetch-site': site } = headers;
  const own = origin === undefined || origin === new URL(publicUrl).origin || origin.endsWith(`//${host ?? ''}`);
  if (own && (site === undefined || site === 'same-origin')) return;
  throw accessDenied('the form comes from another site', 'Open the link itself and answer there.');
}

/** Approval by a link in a message: looking decides nothing, only the form on the page does. */
export function registerLinks(app: FastifyInstance, { settings, recoveries, audit }: ApiDeps): void {
  const { publicUrl, approvalKeysFile: keysFile } = settings;
  if (publicUrl === undefined || keysFile === undefined) return;

  async function refuse(error: FastifyError, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const { status, title, detail, code, ...more } = problemOf(error, request.id);
    request.problemCode = code;
    if (status >= 500) request.log.error({ status, code }, messageOf(error));
    if (request.method === 'GET') {
      const { name } = request.actor ?? {};
      const who = name === undefined ? {} : { actor: name, via: 'link' };
      await audit.append({
        kind: 'refused',
        requestId: request.id,
        method: 'GET',
        route: '/links/{token}',
        status,
        code,
        ...who,
      });
    }
    await reply
      .code(status)
      .type('text/html; charset=utf-8')
      .send(noticePage(title, [`${detail}.`, ...('remedy' in more ? [String(more.remedy)] : [])]));
  }

  async function know(request: FastifyRequest): Promise<void> {
    const claims = await requireLink(tokenOf(request), keysFile);
    request.link = claims;
    request.actor = createActor(claims.by, { roles: [], teams: claims.roles, via: 'link' });
  }

  const linkOf = ({ link, actor }: FastifyRequest) => {
    if (link && actor) return { claims: link, actor };
    throw accessDenied('this link is not valid', 'Open the whole link as it was sent.');
  };

  async function ask(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const { claims } = linkOf(request);
    const question = await openQuestion(claims, recoveries);
    const stateHash = question.approval.impact?.stateHash ?? '';
    const form = await signForm(tokenOf(request), stateHash, keysFile ?? '', new Date());
    return reply.type('text/html; charset=utf-8').send(questionPage({ claims, form, ...question }));
  }

  async function answer(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const { claims, actor } = linkOf(request);
    const parsed = FormSchema.safeParse(request.body);
    if (!parsed.success) throw inputError('form', parsed.error.issues);
    const { form, stateHash, reason } = parsed.data;
    const why = await formRefusal({ token: tokenOf(request), stateHash, form }, keysFile ?? '', new Date());
    if (why !== undefined) throw accessDenied(why, 'Open the link again and answer there.');
    const { verdict, workflowId, runId, planHash, actionId } = claims;
    if (verdict === 'denied' && reason === '') {
      throw inputError('form', [{ code: 'custom', path: ['reason'], message: 'must say why', input: reason }]);
    }
    const { target } = await openQuestion(claims, recoveries);
    const handle = recoveries.getHandle(workflowId, runId);
    const given = {
      planHash,
      reason: reason === '' ? 'answered by link' : `by link: ${reason}`,
      ...(actionId === undefined ? {} : { actionId }),
      ...(stateHash === '' ? {} : { stateHash }),
    };
    const { input } = await signAnswer(handle, verdict, given, { actor, keysFile });
    await (verdict === 'approved' ? handle.approve(input) : handle.deny({ ...input, reason: given.reason }));
    const title = verdict === 'approved' ? 'Approved' : 'Denied';
    return reply
      .type('text/html; charset=utf-8')
      .send(
        noticePage(title, [`The recovery of ${target} has your answer, ${actor.name}.`, 'You can close this page.']),
      );
  }

  void app.register(async (scope) => {
    scope.decorateRequest('link', undefined);
    scope.setErrorHandler(refuse);
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser(
      'application/x-www-form-urlencoded',
      { parseAs: 'string', bodyLimit: FORM_LIMIT },
      (_request, body, done) => done(null, Object.fromEntries(new URLSearchParams(String(body)))),
    );
    const own = async (request: FastifyRequest): Promise<void> => requireOwnForm(request, publicUrl);
    scope.get('/links.css', (_request, reply) => reply.type('text/css; charset=utf-8').send(LINK_STYLE));
    scope.get('/links/:token', { config: { spec: specOf('GET') }, preValidation: know }, ask);
    scope.post('/links/:token', { config: { spec: specOf('POST') }, preValidation: [know, own] }, answer);
  });
}
