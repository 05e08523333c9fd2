import { z } from 'zod';

/** Of what may be written, before defaults are filled in. */
export function jsonSchema(title, schema) {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  return `${JSON.stringify({ $schema, title, ...rest }, null, 2)}\n`;
}
