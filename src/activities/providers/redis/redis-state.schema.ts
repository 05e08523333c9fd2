import { z } from 'zod';

export const RedisStateSchema = z.object({
  format: z.literal(1),
  /** Keys are read one group after the other while others write. */
  pointInTime: z.literal(false),
  serverVersion: z.string(),
  prefixes: z.array(z.object({ prefix: z.string(), keys: z.number().int().min(0) })),
  keys: z.number().int().min(0),
  expiring: z.number().int().min(0),
  /** Over all keys and their contents, whatever their order. */
  digest: z.string().regex(/^[0-9a-f]{64}$/),
});

export type RedisState = z.infer<typeof RedisStateSchema>;
