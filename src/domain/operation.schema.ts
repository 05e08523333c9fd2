import { z } from 'zod';
import { DurationSchema } from './duration.schema.ts';
import { JsonSchema } from './names.schema.ts';

const ENV_NAME = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be an environment variable name');

/** The words of a command. They are never joined into a shell line. */
export const ArgvSchema = z
  .array(z.string())
  .min(1, 'must name a command, such as ["npm", "test"]')
  .refine((argv) => argv[0] !== '', 'the first word, the command, is empty')
  .refine((argv) => argv.every((word) => !word.includes('\0')), 'must not contain NUL');

/** Where a secret is read on the host at the moment of use: `env:NAME` or `file:/absolute/path`. */
export const SecretRefSchema = z
  .string()
  .regex(/^(env:[A-Za-z_][A-Za-z0-9_]*|file:\/.+)$/, 'must be env:NAME or file:/path');

const REFERENCE = /^env:[A-Za-z_][A-Za-z0-9_]*$/;

/** A reference in the wrong place would be sent as it is, and the secret would be missing where it is needed. */
const plainText = (field: string) =>
  z.string().refine((value) => !REFERENCE.test(value), `is a reference to a secret: put it under ${field}`);

function holdsReference(value: unknown): boolean {
  if (typeof value === 'string') return REFERENCE.test(value);
  return typeof value === 'object' && value !== null && Object.values(value).some(holdsReference);
}

export const CommandOperationSchema = z.strictObject({
  kind: z.literal('command'),
  argv: ArgvSchema,
  /** Absolute. `cwd` and what the command may be handed are kept inside it. */
  workspace: z.string().startsWith('/').optional(),
  /** Relative to the workspace. */
  cwd: z.string().optional(),
  env: z.record(ENV_NAME, plainText('secretEnv')).optional(),
  /** Names passed on from the worker's own environment, besides the built-in allow-list. */
  envAllow: z.array(ENV_NAME).optional(),
  secretEnv: z.record(ENV_NAME, SecretRefSchema).optional(),
  timeout: DurationSchema.optional(),
  /** The host whose task queue it runs on; the default host of the worker that plans it otherwise. */
  host: z.string().optional(),
  /** After a lost worker and a lost supervisor, may it be run once more? */
  idempotent: z.boolean().optional(),
});

export const HttpOperationSchema = z.strictObject({
  kind: z.literal('http'),
  method: z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']).default('GET'),
  url: z.url({ protocol: /^https?$/ }),
  headers: z.record(z.string(), plainText('secretHeaders')).optional(),
  secretHeaders: z.record(z.string(), SecretRefSchema).optional(),
  body: JsonSchema.refine(
    (body) => !holdsReference(body),
    'must not hold a reference (env:NAME): bodies are sent as they are',
  ).optional(),
  expectStatus: z.array(z.number().int().min(100).max(599)).optional(),
  timeout: DurationSchema.optional(),
});

/** JSON Schema that an input given by a person has to fit. */
export const InputSchemaSchema = z.record(z.string(), JsonSchema);

export const ActivityOperationSchema = z.strictObject({
  kind: z.literal('activity'),
  name: z.string().min(1),
  input: JsonSchema.optional(),
  inputSchema: InputSchemaSchema.optional(),
  taskQueue: z.string().optional(),
  timeout: DurationSchema.optional(),
  /** An activity that beats is missed so soon after its worker has died, and not only at its time-out. */
  heartbeat: DurationSchema.optional(),
});

export const WorkflowOperationSchema = z.strictObject({
  kind: z.literal('workflow'),
  type: z.string().min(1),
  input: JsonSchema.optional(),
  inputSchema: InputSchemaSchema.optional(),
  taskQueue: z.string().optional(),
  timeout: DurationSchema.optional(),
});

/** A closed Temporal execution of the user's own, retried by reset to its last good workflow task. */
export const ExecutionOperationSchema = z.strictObject({
  kind: z.literal('execution'),
  workflowId: z.string().min(1),
  runId: z.string().optional(),
  timeout: DurationSchema.optional(),
});

export const OperationSchema = z.discriminatedUnion('kind', [
  CommandOperationSchema,
  HttpOperationSchema,
  ActivityOperationSchema,
  WorkflowOperationSchema,
  ExecutionOperationSchema,
]);

export const OperationResultSchema = z.object({
  exitCode: z.number().int().optional(),
  httpStatus: z.number().int().optional(),
  /** Bounded and redacted tails. */
  stdout: z.string().optional(),
  stderr: z.string().optional(),
  truncated: z.boolean().optional(),
  output: JsonSchema.optional(),
  durationMs: z.number(),
});

export type Operation = z.infer<typeof OperationSchema>;
export type CommandOperation = z.infer<typeof CommandOperationSchema>;
export type HttpOperation = z.infer<typeof HttpOperationSchema>;
export type OperationResult = z.infer<typeof OperationResultSchema>;
