import fc from 'fast-check';
import type { FastifyInstance } from 'fastify';
import { openApiDocument } from '../../src/api/openapi.ts';

type Schema = Record<string, unknown>;

interface Operation {
  operationId: string;
  parameters?: { name: string; in: string; required: boolean; schema: Schema }[];
  requestBody?: { content: Record<string, { schema: Schema }> };
  responses: Record<string, unknown>;
}

interface Document {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
}

const asSchema = (value: unknown): Schema => (typeof value === 'object' && value !== null ? (value as Schema) : {});

/** Values that a schema lets through, most of the time. */
function valuesOf(schema: Schema, components: Record<string, Schema>, depth = 0): fc.Arbitrary<unknown> {
  const inner = (one: unknown) => valuesOf(asSchema(one), components, depth + 1);
  const reference = schema['$ref'];
  if (depth > 6) return fc.constant(null);
  if (typeof reference === 'string') return inner(components[reference.split('/').at(-1) ?? '']);
  if ('const' in schema) return fc.constant(schema['const']);
  if (Array.isArray(schema['enum'])) return fc.constantFrom(...(schema['enum'] as unknown[]));
  const choices = schema['anyOf'] ?? schema['oneOf'];
  if (Array.isArray(choices)) return fc.oneof(...choices.map(inner));
  switch (schema['type']) {
    case 'string': {
      const { pattern, format } = schema;
      if (format === 'date-time') return fc.constant('2026-01-01T00:00:00Z');
      if (format === 'uri') return fc.constant('http://127.0.0.1:9/x');
      if (schema['examples']) return fc.constant('90s');
      return typeof pattern === 'string'
        ? fc.stringMatching(new RegExp(pattern))
        : fc.string({ minLength: 1, maxLength: 20 });
    }
    case 'integer':
      return fc.integer({ min: Number(schema['minimum'] ?? 0), max: Math.min(Number(schema['maximum'] ?? 100), 1000) });
    case 'number':
      return fc.integer({ min: 1, max: 10 });
    case 'boolean':
      return fc.boolean();
    case 'array':
      return fc.array(inner(schema['items']), { minLength: Number(schema['minItems'] ?? 0), maxLength: 2 });
    case 'object': {
      const properties = Object.entries(asSchema(schema['properties']));
      const requiredKeys = (schema['required'] ?? []) as string[];
      return fc.record(Object.fromEntries(properties.map(([name, one]) => [name, inner(one)])), { requiredKeys });
    }
    default:
      return fc.constantFrom(null, 1, 'text', { a: [1] });
  }
}

export interface FuzzRequest {
  operationId: string;
  method: string;
  url: string;
  payload?: string;
  documented: string[];
}

/** Requests that fit the document, bent in one place now and then. */
export function requestsOf(skip: readonly string[]): fc.Arbitrary<FuzzRequest> {
  const { paths, components } = openApiDocument() as unknown as Document;
  const all = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );
  const streams = ['events', 'recoveryEvents'];
  const wanted = all.filter(({ operation }) => ![...skip, ...streams].includes(operation.operationId));
  const one = ({ path, method, operation }: (typeof wanted)[number]): fc.Arbitrary<FuzzRequest> => {
    const { parameters = [], requestBody, operationId } = operation;
    const parameter = (schema: Schema) =>
      fc.oneof({ weight: 9, arbitrary: valuesOf(schema, components.schemas) }, { weight: 1, arbitrary: fc.string() });
    const body = requestBody?.content['application/json']?.schema;
    return fc
      .record({
        values: fc.record(Object.fromEntries(parameters.map(({ name, schema }) => [name, parameter(schema)])), {
          requiredKeys: parameters.filter(({ required }) => required).map(({ name }) => name),
        }),
        payload: body
          ? fc.oneof(
              { weight: 8, arbitrary: valuesOf(body, components.schemas) },
              { weight: 1, arbitrary: fc.jsonValue() },
              {
                weight: 1,
                arbitrary: valuesOf(body, components.schemas).map((value) => ({ ...asSchema(value), by: 'me' })),
              },
            )
          : fc.constant(undefined),
      })
      .map(({ values, payload }) => {
        const given = values as Record<string, unknown>;
        const inPlace = (place: string) => parameters.filter((known) => known.in === place && known.name in given);
        const address = inPlace('path').reduce(
          (text, { name }) => text.replace(`{${name}}`, encodeURIComponent(String(given[name])) || '%20'),
          path,
        );
        const query = new URLSearchParams(
          inPlace('query').map(({ name }): [string, string] => [name, String(given[name])]),
        );
        return {
          operationId,
          method,
          url: query.size > 0 ? `${address}?${query.toString()}` : address,
          ...(payload === undefined ? {} : { payload: JSON.stringify(payload) }),
          documented: Object.keys(operation.responses),
        };
      });
  };
  return fc.oneof(...wanted.map(one));
}

/** What is wrong with the answer, or undefined. A path that was bent may lead nowhere. */
export async function complaint(
  app: FastifyInstance,
  { operationId, method, url, payload, documented }: FuzzRequest,
  headers: Record<string, string>,
): Promise<string | undefined> {
  const answer = await app.inject({
    method: method as 'GET',
    url,
    headers: { ...headers, ...(payload === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(payload === undefined ? {} : { payload }),
  });
  const { statusCode } = answer;
  const what = `${operationId} ${method} ${url} ${payload ?? ''}: ${statusCode} ${answer.body.slice(0, 500)}`;
  if (statusCode === 500) return what;
  if (documented.includes(String(statusCode))) return undefined;
  const nowhere = statusCode === 404 && answer.json<{ code?: string }>().code === 'route-not-found';
  return nowhere || statusCode === 405 ? undefined : what;
}
