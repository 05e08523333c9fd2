import { z } from 'zod';
import { CHECKPOINT_PARTS } from './checkpoint.ts';
import { CheckpointIdSchema, StatePartsSchema } from './checkpoint.schema.ts';

/** What a restore would do to one path. */
export const PathChangeSchema = z.object({
  path: z.string(),
  change: z.enum(['create', 'replace', 'delete', 'metadata']),
  type: z.enum(['file', 'dir', 'symlink']),
  /** Bytes that will be written. */
  size: z.number().int(),
});

export const RestorePlanSchema = z.object({
  checkpointId: CheckpointIdSchema,
  root: z.string(),
  /** Cut where the list would not fit into a history. */
  changes: z.array(PathChangeSchema),
  changesTotal: z.number().int(),
  unchanged: z.number().int(),
  parts: z.array(z.enum(CHECKPOINT_PARTS)),
  /** SHA-256 over what would be done to which bytes; an apply that names it refuses when the present differs. */
  hash: z.string(),
});

export const RestoreOptionsSchema = z.strictObject({
  parts: z.array(z.enum(CHECKPOINT_PARTS)).optional(),
  createBackup: z.boolean().default(true),
  dryRun: z.boolean().default(false),
  force: z.boolean().default(false),
  planHash: z.string().optional(),
});

/** Requirement 2.4. */
export const RestoreResultSchema = z.object({
  success: z.boolean(),
  checkpointId: CheckpointIdSchema,
  backupId: CheckpointIdSchema.optional(),
  manifestSha256: z.string(),
  plan: RestorePlanSchema,
  items: z.array(z.object({ type: z.string(), id: z.string(), change: z.string() })),
  errors: z.array(z.object({ item: z.string(), error: z.string(), recoverable: z.boolean() })),
  /** Captured parts of the checkpoint, for whoever holds the state. */
  state: StatePartsSchema,
  verified: z.object({
    files: z.number().int(),
    gitHead: z.string().nullable().optional(),
    mismatches: z.array(z.string()),
  }),
  dataLoss: z.boolean(),
  durationMs: z.number(),
  timestamp: z.string(),
});

export type PathChange = z.infer<typeof PathChangeSchema>;
export type RestorePlan = z.infer<typeof RestorePlanSchema>;
export type RestoreOptions = z.infer<typeof RestoreOptionsSchema>;
export type RestoreResult = z.infer<typeof RestoreResultSchema>;
