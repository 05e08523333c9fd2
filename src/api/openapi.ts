import { z } from 'zod';
import { DurationSchema } from '../domain/duration.schema.ts';
import { CONTRACT } from './contract.ts';
import { statusesOf, type RouteSpec } from './contract/route.ts';
import { NAMED_SCHEMAS } from './named-schemas.ts';
import { ProblemSchema } from './contract/shared.ts';

type Schema = Record<string, unknown>;

const PROBLEMS: Record<number, string> = {
  400: 'The request is not valid; `errors` names the fields.',
  401: 'No valid token.',
  403: 'The token does not have the role.',
  404: 'There is no such thing.',
  409: 'Not possible as things stand.',
  413: 'The body is larger than 1 MiB.',
  415: 'The body is not JSON.',
  422: 'Understood, and refused for what it says.',
  429: 'Too many requests.',
  431: 'Address and headers are larger than 16 KiB.',
  500: 'An internal error; the log has it under the trace id.',
  503: 'Temporal does not answer, or the server is not set up as it has to be.',
  504: 'No worker has answered in time.',
};

/** Schemas with a name, and those that refer to themselves, become components. */
function schemaWriter(components: Record<string, Schema>) {
  return (schema: z.ZodType, io: 'input' | 'output', owner: string): Schema => {
    const made = z.toJSONSchema(schema, {
      io,
      metadata: NAMED_SCHEMAS,
      unrepresentable: 'any',
      override: ({ zodSchema, jsonSchema }) => {
        if ((zodSchema as unknown) === DurationSchema) Object.assign(jsonSchema, { type: 'string', examples: ['90s'] });
        const description = z.globalRegistry.get(zodSchema)?.description;
        if (description !== undefined) jsonSchema.description = description;
      },
    }) as Schema;
    const { $schema: _, $defs, id: __, ...rest } = made;
    const names = new Map<string, string>();
    for (const [name, definition] of Object.entries(($defs ?? {}) as Record<string, Schema>)) {
      const own = name.startsWith('__');
      const { id: ___, ...content } = definition;
      const full = own ? nameOf(content, `${owner}${name.slice(2)}`) : io === 'input' ? `${name}Input` : name;
      names.set(name, full);
      components[full] = content;
    }
    const rewrite = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(rewrite);
      if (typeof value !== 'object' || value === null) return value;
      return Object.fromEntries(
        Object.entries(value).map(([key, inner]) =>
          key === '$ref' && typeof inner === 'string'
            ? [
                key,
                inner.replace(
                  /^#\/\$defs\/(.+)$/,
                  (_match, name: string) => `#/components/schemas/${names.get(name) ?? name}`,
                ),
              ]
            : [key, rewrite(inner)],
        ),
      );
    };
    for (const full of names.values()) components[full] = rewrite(components[full]) as Schema;
    return rewrite(rest) as Schema;
  };
}

/** Any JSON value is the one schema that refers to itself almost everywhere. */
const nameOf = (content: Schema, otherwise: string): string =>
  Array.isArray(content['anyOf']) && content['anyOf'].length === 6 ? 'Json' : otherwise;

function parametersOf(spec: RouteSpec, write: ReturnType<typeof schemaWriter>, id: string) {
  const places = [
    ['path', spec.params],
    ['query', spec.query],
    ['header', spec.headers],
  ] as const;
  return places.flatMap(([place, schema]) => {
    if (!schema) return [];
    const { properties = {}, required = [] } = write(schema, 'input', id) as {
      properties?: Record<string, Schema>;
      required?: string[];
    };
    return Object.entries(properties).map(([name, { description, ...property }]) => ({
      name,
      in: place,
      required: place === 'path' || required.includes(name),
      ...(description === undefined ? {} : { description }),
      schema: property,
    }));
  });
}

function operation(id: string, spec: RouteSpec, write: ReturnType<typeof schemaWriter>) {
  const responses = statusesOf(spec).map((status) => {
    const answer = spec.answers[status];
    if (!answer) return [String(status), { $ref: `#/components/responses/Problem${status}` }];
    const { description, schema, contentType = 'application/json', headers } = answer;
    const content = schema ? write(schema, 'output', id) : { type: 'string' };
    return [
      String(status),
      {
        description,
        ...(headers
          ? {
              headers: Object.fromEntries(
                Object.entries(headers).map(([name, text]) => [
                  name,
                  { description: text, schema: { type: 'string' } },
                ]),
              ),
            }
          : {}),
        content: { [contentType]: { schema: content } },
      },
    ];
  });
  const parameters = parametersOf(spec, write, id);
  return {
    operationId: id,
    tags: [spec.tag],
    summary: spec.summary,
    'x-rerail-role': spec.access,
    ...(spec.access === 'public' || spec.access === 'signed' ? { security: [] } : {}),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(spec.body
      ? {
          requestBody: {
            required: true,
            content: { 'application/json': { schema: write(spec.body, 'input', id) } },
          },
        }
      : {}),
    responses: Object.fromEntries(responses) as Record<string, unknown>,
  };
}

let made: Record<string, unknown> | undefined;

/** OpenAPI 3.1, from the contract. */
export function openApiDocument(): Record<string, unknown> {
  if (made) return made;
  const schemas: Record<string, Schema> = {};
  const write = schemaWriter(schemas);
  const paths: Record<string, Record<string, unknown>> = {};
  for (const [id, spec] of Object.entries<RouteSpec>(CONTRACT)) {
    paths[spec.path] = { ...paths[spec.path], [spec.method.toLowerCase()]: operation(id, spec, write) };
  }
  write(ProblemSchema, 'output', 'Problem');
  made = {
    openapi: '3.1.0',
    info: {
      title: 'Rerail',
      version: '1',
      description: 'Durable recoveries on Temporal. Errors are problem JSON (RFC 9457); lists come in pages by cursor.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: [{ bearer: [] }],
    paths,
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } },
      responses: Object.fromEntries(
        Object.entries(PROBLEMS).map(([status, description]) => [
          `Problem${status}`,
          {
            description,
            content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
          },
        ]),
      ),
      schemas: Object.fromEntries(Object.entries(schemas).sort(([a], [b]) => a.localeCompare(b))),
    },
  };
  return made;
}
