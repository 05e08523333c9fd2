import { z } from 'zod';
import { RerailError } from '../domain/errors.ts';
import { explainIssues, readYaml, type ParsedDocument } from './parse-yaml.ts';

const tls = z.discriminatedUnion('mode', [
  z.strictObject({ mode: z.literal('require') }),
  z.strictObject({ mode: z.literal('verify-full'), caFile: z.string().min(1) }),
]);
const address = {
  host: z.string().min(1),
  port: z.number().int().min(1).max(65_535).optional(),
  passwordFrom: z
    .string()
    .regex(
      /^(env:[A-Za-z_][A-Za-z0-9_]*|file:\/.+)$/,
      'must be env:NAME or file:/path: a password does not belong here',
    )
    .optional(),
  tls: tls.optional(),
};

const PostgresSchema = z.strictObject({
  ...address,
  database: z.string().min(1),
  user: z.string().min(1),
  mode: z.enum(['in-place', 'new-database']).optional(),
  dropUnknown: z.boolean().optional(),
  digestRowLimit: z.number().int().min(0).optional(),
  binDirectory: z.string().optional(),
  maintenanceDatabase: z.string().optional(),
});

const RedisSchema = z.strictObject({
  ...address,
  db: z.number().int().min(0).optional(),
  username: z.string().optional(),
  prefixes: z.array(z.string().min(1)).optional(),
  wholeDatabase: z.literal(true).optional(),
});

const TmuxSchema = z.strictObject({
  socket: z.string().startsWith('/').optional(),
  sessions: z.array(z.string().min(1)).min(1).optional(),
});

export const ProviderFileSchema = z.strictObject({
  apiVersion: z.literal('rerail/v1'),
  kind: z.literal('Provider'),
  metadata: z.strictObject({ name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/) }),
  spec: z.union([
    z.strictObject({ postgres: PostgresSchema }),
    z.strictObject({ redis: RedisSchema }),
    z.strictObject({ tmux: TmuxSchema }),
  ]),
});

type ProviderFile = z.infer<typeof ProviderFileSchema>;

export interface ConfiguredProvider {
  name: string;
  spec: ProviderFile['spec'];
}

/** Throws `settings-invalid` with line, column and field of every problem. */
export function checkProvider(document: ParsedDocument, file: string): ConfiguredProvider {
  const parsed = ProviderFileSchema.safeParse(document.value);
  if (parsed.success) return { name: parsed.data.metadata.name, spec: parsed.data.spec };
  throw new RerailError('settings-invalid', explainIssues(parsed.error.issues, document), {
    remedy: `Correct the named fields of ${file}; docs/guide/providers.md describes them.`,
    nonRetryable: true,
  });
}

/** Reads the databases, caches and sessions that checkpoints may hold. Throws as `checkProvider` does. */
export async function loadProviders(file: string): Promise<ConfiguredProvider[]> {
  const documents = (await readYaml(file, 'settings-invalid')).filter(({ value }) => value !== null);
  return documents.map((document) => checkProvider(document, file));
}
