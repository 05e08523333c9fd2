import { z } from 'zod';
import { CHECKPOINT_PARTS, CHECKPOINT_STATES, CHECKPOINT_TYPES } from './checkpoint.ts';
import { DurationSchema } from './duration.schema.ts';
import { LaneSchema } from './failure.schema.ts';
import { JsonSchema, Sha256Schema, TargetSchema } from './names.schema.ts';

const BLOB_NAME = /^[a-z][a-z0-9-]*\/[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

const sha256 = Sha256Schema;

export const CheckpointIdSchema = z
  .string()
  .regex(/^cp_[0-9A-Z]{26}$/, 'must be a checkpoint id, such as cp_01JD… (26 letters and digits)');

/** What is known of a checkpoint without its content (requirement 1.2). */
export const CheckpointInfoSchema = z.object({
  id: CheckpointIdSchema,
  name: z.string().min(1).max(200),
  type: z.enum(CHECKPOINT_TYPES),
  subject: TargetSchema,
  description: z.string().max(2000).default(''),
  tags: z.array(z.string().min(1).max(60)).default([]),
  workflowId: z.string().optional(),
  phase: z.string().optional(),
  phaseIndex: z.number().int().min(0).optional(),
  agent: z.string().optional(),
  lane: LaneSchema.optional(),
  /** Steps of the run done when it was taken: what follows a rollback starts at this index. */
  stepIndex: z.number().int().min(0).optional(),
  stepName: z.string().optional(),
  success: z.boolean().default(true),
  errorMessage: z.string().optional(),
  parentId: CheckpointIdSchema.optional(),
});

/** Requirement 1.3. Small by contract: larger things belong in files. */
export const StatePartsSchema = z.object({
  workflow: z
    .object({
      currentPhase: z.string(),
      completedPhases: z.array(z.string()),
      status: z.string(),
      stepIndex: z.number().int().min(0),
    })
    .optional(),
  artifacts: z
    .array(
      z.object({
        id: z.string(),
        type: z.string(),
        name: z.string(),
        version: z.string(),
        checksum: sha256,
        size: z.number().int(),
        storagePath: z.string(),
        /** Its content is in the artifact store of the host where it was captured. */
        stored: z.literal(true).optional(),
      }),
    )
    .optional(),
  context: z.record(z.string(), JsonSchema).optional(),
  messageBus: z.object({ pendingMessages: z.array(JsonSchema), lastProcessedId: z.string().nullable() }).optional(),
  agentStates: z.record(z.string(), JsonSchema).optional(),
});

/** Read-only picture of a repository. */
export const GitStateSchema = z.object({
  head: z.string().nullable(),
  branch: z.string().nullable(),
  /** `git status --porcelain=v2 -z`, one record a line. */
  changes: z.array(z.string()),
  stash: z.array(z.string()),
  inProgress: z.array(z.string()),
  indexSha256: sha256.nullable(),
  /** Of `git ls-files --stage`: what is staged, without the index's memory of inodes. */
  stagedSha256: sha256.optional(),
  /** Blobs with the objects that head, stash and index need, oldest first, and what each was made for. */
  packs: z.array(z.object({ blob: z.string(), tips: z.array(z.string()) })).optional(),
});

const entry = {
  /** Relative to the root, `/` between names. */
  path: z.string().min(1),
  /** Present when the name is not UTF-8: its bytes in base64; `path` is then for people only. */
  pathBytes: z.string().optional(),
  /** All 12 mode bits. */
  mode: z.number().int().min(0).max(0o7777),
  uid: z.number().int(),
  gid: z.number().int(),
  mtimeNs: z.string(),
};

export const FileEntrySchema = z.discriminatedUnion('type', [
  z.object({
    ...entry,
    type: z.literal('file'),
    size: z.number().int(),
    sha256,
    hardlinkGroup: z.string().optional(),
    /** It took up less room than its size: stretches of zeros are restored as holes. */
    sparse: z.literal(true).optional(),
    /** Identity of the inode at capture, for the stat cache. */
    stat: z.object({ ino: z.string(), dev: z.string(), ctimeNs: z.string() }),
  }),
  z.object({ ...entry, type: z.literal('dir') }),
  z.object({ ...entry, type: z.literal('symlink'), target: z.string(), targetBytes: z.string().optional() }),
]);

/** A thing that is there and was not captured; it makes the checkpoint `partial`. */
export const SkippedEntrySchema = z.object({ path: z.string(), reason: z.string() });

/** The list of everything in a checkpoint. Its SHA-256 is the checkpoint's checksum. */
export const ManifestSchema = z.object({
  schemaVersion: z.literal(1),
  info: CheckpointInfoSchema,
  createdAt: z.string(),
  host: z.string(),
  scope: z.object({ root: z.string(), exclude: z.array(z.string()) }).optional(),
  /** SHA-256 and size of each state part's canonical JSON. */
  parts: z.record(z.string(), z.object({ sha256, size: z.number().int() })),
  files: z.array(FileEntrySchema).optional(),
  /** Content that is no file of the tree, by name: `git/index`, `git/bundle-0`, `provider/<name>`. */
  blobs: z.record(z.string().regex(BLOB_NAME), z.object({ sha256, size: z.number().int().min(0) })).optional(),
  skipped: z.array(SkippedEntrySchema),
});

/** The durable record: an activity result, and the ledger's entry (requirement 1.7). */
export const CheckpointRecordSchema = z.object({
  info: CheckpointInfoSchema,
  state: z.enum(CHECKPOINT_STATES),
  stateReason: z.string().optional(),
  createdAt: z.string(),
  host: z.string(),
  root: z.string().optional(),
  /** SHA-256 of the manifest's canonical form, never cut short. */
  checksum: sha256,
  parts: z.array(z.enum(CHECKPOINT_PARTS)),
  /** Files and links; directories are not counted. */
  fileCount: z.number().int(),
  totalBytes: z.number(),
  newBytes: z.number(),
  skipped: z.number().int(),
  durationMs: z.number(),
  lastVerifiedAt: z.string().optional(),
  verifyLevel: z.enum(['quick', 'full', 'store']).optional(),
  /** Its copy in object storage. */
  replica: z.object({ key: z.string(), sha256, size: z.number().int(), replicatedAt: z.string() }).optional(),
  /** Small parts travel with the record, so that any worker can restore them. */
  inline: StatePartsSchema.optional(),
  gitHead: z.string().nullable().optional(),
});

export const CheckpointFilterSchema = z.strictObject({
  type: z.array(z.enum(CHECKPOINT_TYPES)).optional(),
  tags: z.array(z.string()).optional(),
  phase: z.string().optional(),
  agent: z.string().optional(),
  since: z.iso.datetime({ offset: true }).optional(),
  until: z.iso.datetime({ offset: true }).optional(),
  /** Default: all. */
  valid: z.boolean().optional(),
  limit: z.number().int().min(1).max(10_000).optional(),
});

/** Rules that keep; a checkpoint goes when none keeps it. With no rule nothing goes (requirement 1.6). */
export const RetentionPolicySchema = z.strictObject({
  keepLast: z.number().int().min(0).optional(),
  keepPhaseEndpoints: z.boolean().optional(),
  /** Nothing younger than this goes. */
  olderThan: DurationSchema.optional(),
  keepTags: z.array(z.string()).optional(),
  /** Of these types nothing goes. */
  keepTypes: z.array(z.enum(CHECKPOINT_TYPES)).optional(),
});

export type CheckpointInfo = z.infer<typeof CheckpointInfoSchema>;
export type StateParts = z.infer<typeof StatePartsSchema>;
export type GitState = z.infer<typeof GitStateSchema>;
export type FileEntry = z.infer<typeof FileEntrySchema>;
export type Manifest = z.infer<typeof ManifestSchema>;
export type CheckpointRecord = z.infer<typeof CheckpointRecordSchema>;
export type CheckpointFilter = z.infer<typeof CheckpointFilterSchema>;
export type RetentionPolicy = z.infer<typeof RetentionPolicySchema>;
