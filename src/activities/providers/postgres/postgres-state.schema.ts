import { z } from 'zod';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.number().int().min(0);

/** What a database holds, small enough to be kept beside its dump and compared with later. */
export const PostgresContentsSchema = z.object({
  /** By quoted name with its schema. Partitions count for themselves. */
  tables: z.record(
    z.string(),
    z.object({
      rows: count,
      /** Over names and types of the columns. */
      columns: sha256,
      /** Over all rows, whatever their order. Null where there are more rows than are digested: only counted. */
      digest: sha256.nullable(),
    }),
  ),
  /** Last values; null for one not used yet. Numbers as text, since they may pass 2^53. */
  sequences: z.record(z.string(), z.object({ lastValue: z.string().nullable(), increment: z.string() })),
  /** SHA-256 of the definition, by kind and name: `index public.by_day`, `view public.open_orders`. */
  objects: z.record(z.string(), sha256),
  largeObjects: z.object({
    count,
    /** Null where there are more than are listed. */
    ids: z.array(z.string()).nullable(),
    /** Over those that were captured. Null where the user may not read them, or they are not listed. */
    digest: sha256.nullable(),
  }),
});

export const PostgresStateSchema = z.object({
  format: z.literal(1),
  /** Tables, views and the like are of one snapshot. Sequences are of none in PostgreSQL: the dump has them, or later. */
  pointInTime: z.literal(true),
  database: z.string(),
  serverVersion: z.string(),
  capturedAt: z.string(),
  contents: PostgresContentsSchema,
  /** Kept outside of the database or of the dump, in words. */
  notCaptured: z.array(z.string()),
});

export type PostgresContents = z.infer<typeof PostgresContentsSchema>;
export type PostgresState = z.infer<typeof PostgresStateSchema>;
