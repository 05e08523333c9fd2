import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { Settings } from '../config/settings.ts';
import type { RecoveryClient } from '../client/recovery-client.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics/create-metrics.ts';
import type { AuditLog } from './audit/audit-log.ts';
import type { Actor } from './auth/actor.ts';
import type { Authenticator } from './auth/authenticator.ts';
import type { Contract, OperationId } from './contract.ts';
import type { RouteSpec } from './contract/route.ts';
import type { Streams } from './events/streams.ts';

type Parsed<Spec, Part extends string> =
  Spec extends Record<Part, infer Schema extends z.ZodType> ? z.output<Schema> : undefined;

/** One request, checked. */
export interface Call<Spec extends RouteSpec> {
  params: Parsed<Spec, 'params'>;
  query: Parsed<Spec, 'query'>;
  headers: Parsed<Spec, 'headers'>;
  body: Parsed<Spec, 'body'>;
  /** On public routes: nobody in particular. */
  actor: Actor;
  request: FastifyRequest;
  reply: FastifyReply;
}

type AnswerBody<Answer> = Answer extends { schema: infer Schema extends z.ZodType } ? z.output<Schema> : string;

/** What a handler answers with: only what the contract says, by status. */
export type Reply<Spec extends RouteSpec> = {
  [Status in keyof Spec['answers'] & number]: {
    status: Status;
    body: AnswerBody<Spec['answers'][Status]>;
    headers?: Record<string, string>;
  };
}[keyof Spec['answers'] & number];

/** Text of another media type than the contract's first one. */
export interface RawReply {
  status: 200;
  raw: string;
  contentType: string;
}

/** Undefined: it has answered by itself, as streams do. */
export type Handler<Spec extends RouteSpec> = (call: Call<Spec>) => Promise<Reply<Spec> | RawReply | undefined>;

export type Handlers<Id extends OperationId> = { [Each in Id]: Handler<Contract[Each]> };

export interface ApiDeps {
  recoveries: RecoveryClient;
  settings: Pick<
    Settings,
    'playbooksDir' | 'host' | 'approvalKeysFile' | 'apiCorsOrigins' | 'apiRateLimit' | 'alertRulesFile' | 'publicUrl'
  >;
  authenticator: Authenticator;
  audit: AuditLog;
  logger: Logger;
  streams: Streams;
  /** Absent: `/metrics` answers 404. */
  metrics?: Pick<Metrics, 'render' | 'requestAnswered'>;
  /** Address of Temporal's own UI, for links. */
  temporalUi?: string;
  /** Directory of the built dashboard. Absent: there is none. */
  dashboard?: string;
  /** For the whole of a request to come in: who sends it byte by byte is cut off. Milliseconds; default: 30 s. */
  requestWithinMs?: number;
}
