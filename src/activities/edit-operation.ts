import { z } from 'zod';
import type { Json } from '../domain/canonical-json.ts';
import { RerailError } from '../domain/errors.ts';
import { OperationSchema } from '../domain/operation.schema.ts';
import type { Operation } from '../domain/operation.ts';
import { parseInput } from '../domain/parse-input.ts';

export interface EditOperationInput {
  operation: Operation;
  /** What a person gives instead. */
  input: Json;
}

/** What a person may change of a command and of a request; where it runs and its secrets stay. */
const EDITABLE = {
  command: ['argv', 'cwd', 'env', 'timeout'],
  http: ['method', 'url', 'headers', 'body', 'expectStatus', 'timeout'],
} as const;

const refuse = (message: string, remedy: string): RerailError =>
  new RerailError('decision-refused', message, { remedy, nonRetryable: true });

function checkAgainst(schema: Record<string, Json>, input: Json): void {
  const parsed = z.fromJSONSchema(schema).safeParse(input);
  if (parsed.success) return;
  const issues = parsed.error.issues.map(({ path, message }) => `${path.map(String).join('.') || 'input'}: ${message}`);
  throw refuse(`field "input" does not fit the action's schema: ${issues.join('; ')}`, 'Correct the named fields.');
}

/**
 * The operation with what a person gave instead of its input: the whole input of an activity or workflow, checked
 * against its `inputSchema`; single fields of a command or request. Throws `decision-refused`, `invalid-input`.
 */
export function editOperation({ operation, input }: EditOperationInput): Operation {
  switch (operation.kind) {
    case 'activity':
    case 'workflow':
      if (operation.inputSchema) checkAgainst(operation.inputSchema, input);
      return { ...operation, input };
    case 'command':
    case 'http': {
      const fields: readonly string[] = EDITABLE[operation.kind];
      if (typeof input !== 'object' || input === null || Array.isArray(input)) {
        throw refuse(`field "input" must be an object with ${fields.join(', ')}`, 'Give only what is to change.');
      }
      const wrong = Object.keys(input).filter((name) => !fields.includes(name));
      if (wrong.length > 0) {
        throw refuse(`field "input": ${wrong.join(', ')} cannot be changed here`, `Use ${fields.join(', ')}.`);
      }
      return parseInput(OperationSchema, { ...operation, ...input }, 'the changed operation');
    }
    case 'execution':
      throw refuse('a Temporal execution is reset as it is, it takes no other input', 'Decide without an input.');
  }
}
