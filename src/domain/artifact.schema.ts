import { z } from 'zod';
import { Sha256Schema, TargetSchema } from './names.schema.ts';

const sha256 = Sha256Schema;
const WORD = /^[A-Za-z0-9](?:[A-Za-z0-9._@+-]*[A-Za-z0-9])?$/;

export const ArtifactNameSchema = z
  .string()
  .max(100)
  .regex(WORD, 'must be letters, digits, dots, dashes, underscores, plus and @, such as "app.tar.gz"');

export const ArtifactVersionNameSchema = z
  .string()
  .max(60)
  .regex(WORD, 'must be letters, digits, dots, dashes, underscores, plus and @, such as "v2"');

export const ArtifactTypeSchema = z.string().min(1).max(60);

/** Relative to the workspace, `/` between names. */
export const StoragePathSchema = z
  .string()
  .min(1)
  .max(1000)
  .refine(
    (path) => !path.includes('\0') && path.split('/').every((name) => !['', '.', '..'].includes(name)),
    'must be a path below the workspace, without "..", such as "dist/app.tar.gz"',
  );

/** What a step of a pipeline makes and a later one, or a rollback, needs again. */
export const StepArtifactSchema = z.strictObject({
  name: ArtifactNameSchema,
  path: StoragePathSchema,
  type: ArtifactTypeSchema.optional(),
});

export const ArtifactVersionSchema = z.object({
  version: ArtifactVersionNameSchema,
  sha256,
  size: z.number().int().min(0),
  /** The nine permission bits. */
  mode: z.number().int().min(0).max(0o777),
  savedAt: z.string(),
  /** The workspace it was saved from, and goes back to. */
  root: z.string().startsWith('/'),
  storagePath: StoragePathSchema,
  /** Saves that ended in this version: each of them repeated is answered without a look at the file. */
  keys: z.array(z.string()),
  /** The stored object when it was last read in full. */
  seen: z.object({ ino: z.string(), mtimeNs: z.string(), ctimeNs: z.string() }),
});

export const ArtifactSchema = z.object({
  name: ArtifactNameSchema,
  type: ArtifactTypeSchema,
  current: ArtifactVersionNameSchema,
  /** Oldest first. */
  versions: z.array(ArtifactVersionSchema).min(1),
});

export const ArtifactIndexSchema = z.object({
  schemaVersion: z.literal(1),
  subject: TargetSchema,
  artifacts: z.array(ArtifactSchema),
});

/** What a restore does to one artifact. */
export const ArtifactChangeSchema = z.object({
  id: z.string(),
  type: z.string(),
  name: z.string(),
  /** What the undo brings back. */
  from: z.string(),
  to: z.string(),
  sha256,
  storagePath: z.string(),
  /** `place`: written; `tree`: the restore of files decides what is there; `unchanged`: it is there already. */
  content: z.enum(['place', 'tree', 'unchanged']),
  /** What is there is no version yet: it is saved as `from` first. */
  unsaved: z.literal(true).optional(),
});

export type Artifact = z.infer<typeof ArtifactSchema>;
export type ArtifactVersion = z.infer<typeof ArtifactVersionSchema>;
export type ArtifactIndex = z.infer<typeof ArtifactIndexSchema>;
export type ArtifactChange = z.infer<typeof ArtifactChangeSchema>;
export type StepArtifact = z.infer<typeof StepArtifactSchema>;
