import type { z } from 'zod';
import { RerailError } from './errors.ts';

/** What zod says, but of a value that is not there that it is missing. */
export const messageOfIssue = ({ message }: { message: string }): string =>
  message.endsWith('received undefined') ? 'is missing' : message;

/** `field: problem` for every issue, in one line. */
const explainZodError = (error: z.ZodError): string =>
  error.issues.map((issue) => `${issue.path.map(String).join('.') || 'input'}: ${messageOfIssue(issue)}`).join('; ');

/** Parses a value with a schema. Throws `invalid-input` that names the fields. */
export function parseInput<Schema extends z.ZodType>(schema: Schema, value: unknown, what: string): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new RerailError('invalid-input', `${what} is not valid: ${explainZodError(parsed.error)}`, {
    remedy: 'Correct the named fields.',
    nonRetryable: true,
  });
}
