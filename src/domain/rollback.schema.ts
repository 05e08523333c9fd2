import { z } from 'zod';
import { ArtifactChangeSchema } from './artifact.schema.ts';
import { CHECKPOINT_PARTS } from './checkpoint.ts';
import { DurationSchema } from './duration.schema.ts';
import { CheckpointIdSchema, StatePartsSchema } from './checkpoint.schema.ts';

/** What a restore would do to one path. */
export const PathChangeSchema = z.object({
  path: z.string(),
  change: z.enum(['create', 'replace', 'delete', 'metadata']),
  type: z.enum(['file', 'dir', 'symlink']),
  /** Bytes that will be written. */
  size: z.number().int(),
  /** From what is there to what was captured; only in a dry run that asked for it, only of text. */
  diff: z.string().optional(),
});

/** Where a repository stands. */
export const GitPlaceSchema = z.object({
  head: z.string().nullable(),
  branch: z.string().nullable(),
  stash: z.number().int(),
  stagedSha256: z.string().optional(),
});

export const RestorePlanSchema = z.object({
  checkpointId: CheckpointIdSchema,
  root: z.string(),
  /** Cut where the list would not fit into a history. */
  changes: z.array(PathChangeSchema),
  changesTotal: z.number().int(),
  unchanged: z.number().int(),
  parts: z.array(z.enum(CHECKPOINT_PARTS)),
  /** What the repository would go from and to; absent when it is as captured or not to be restored. */
  git: z.object({ from: GitPlaceSchema.nullable(), to: GitPlaceSchema }).optional(),
  /** What providers would change at present; it is for people, since a live database differs at every look. */
  system: z.array(z.object({ provider: z.string(), item: z.string(), change: z.string() })).optional(),
  /** Artifacts that would change; absent when none would. */
  artifacts: z.array(ArtifactChangeSchema).optional(),
  /** SHA-256 over what would be done to which bytes; an apply that names it refuses when the present differs. */
  hash: z.string(),
});

const some = z.union([z.literal(true), z.array(z.string().min(1)).min(1)]);

/** What is to be restored; a list names items of the part (requirement 2.2). */
export const RestoreScopeSchema = z
  .strictObject({
    workflow: z.literal(true),
    /** All, or these ids. */
    artifacts: some,
    /** All, or these keys. */
    context: some,
    messageBus: z.literal(true),
    /** All, or those of these agents. */
    agentStates: some,
    /** All, or these paths and globs below the root. */
    files: some,
    /** Head, branch, index and stash; without it they are only compared. */
    git: z.literal(true),
    /** Databases and the like: all providers of the checkpoint, or these. Infrastructure has to be named. */
    system: some,
  })
  .partial();

/** `selective` names items, `partial` names parts, `full` takes all that the checkpoint holds (requirement 2.1). */
export const RESTORE_STRATEGIES = ['full', 'partial', 'selective'] as const;

/** What a restore is at; its heartbeats carry it with current, total, item and message (requirement 2.3). */
export const RESTORE_PHASES = ['validating', 'backup', 'rollback', 'verify', 'complete'] as const;

export const RestoreOptionsSchema = z.strictObject({
  parts: z.array(z.enum(CHECKPOINT_PARTS)).optional(),
  /** Instead of `parts`, to name single items. */
  scope: RestoreScopeSchema.optional(),
  /** Ends it before its commit when it takes longer; after that it is finished in any case. */
  timeout: DurationSchema.optional(),
  /** Leaves out what the store has lost, instead of refusing the whole checkpoint. */
  skipLost: z.boolean().optional(),
  /** A dry run then carries a text diff of the files that it would change. */
  diff: z.boolean().optional(),
  createBackup: z.boolean().default(true),
  dryRun: z.boolean().default(false),
  force: z.boolean().default(false),
  planHash: z.string().optional(),
});

/** Requirement 2.4. */
export const RestoreResultSchema = z.object({
  success: z.boolean(),
  strategy: z.enum(RESTORE_STRATEGIES).default('full'),
  checkpointId: CheckpointIdSchema,
  backupId: CheckpointIdSchema.optional(),
  manifestSha256: z.string(),
  plan: RestorePlanSchema,
  items: z.array(
    z.object({
      type: z.string(),
      id: z.string(),
      change: z.string(),
      name: z.string().optional(),
      previousVersion: z.string().optional(),
      restoredVersion: z.string().optional(),
    }),
  ),
  errors: z.array(z.object({ item: z.string(), error: z.string(), recoverable: z.boolean() })),
  /** Captured parts of the checkpoint, for whoever holds the state. */
  state: StatePartsSchema,
  verified: z.object({
    files: z.number().int(),
    gitHead: z.string().nullable().optional(),
    mismatches: z.array(z.string()),
  }),
  dataLoss: z.boolean(),
  /** Items that could not be restored since the store has lost them. */
  lost: z.array(z.string()).default([]),
  durationMs: z.number(),
  timestamp: z.string(),
});

export type RestoreScope = z.infer<typeof RestoreScopeSchema>;
export type RestorePhase = (typeof RESTORE_PHASES)[number];
export type RestoreStrategy = (typeof RESTORE_STRATEGIES)[number];
export type PathChange = z.infer<typeof PathChangeSchema>;
export type RestorePlan = z.infer<typeof RestorePlanSchema>;
export type RestoreOptions = z.infer<typeof RestoreOptionsSchema>;
export type RestoreResult = z.infer<typeof RestoreResultSchema>;
