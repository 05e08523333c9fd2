import { z } from 'zod';
import { TargetSchema } from './names.schema.ts';

export const HostNameSchema = z.string().trim().min(1, 'must name a host').max(200);
const absolute = z
  .string()
  .startsWith('/', 'must be an absolute path')
  .max(4096)
  .refine((folder) => folder.replace(/\/+$/, '') !== '', 'must not be /');

const FailoverSubjectSchema = z
  .strictObject({
    subject: TargetSchema,
    /** Its tree. */
    root: absolute.optional(),
    /** Of its checkpoints: what these hold is brought back too, sessions (`tmux.<name>`) for one. The other host has to have them. */
    providers: z.array(z.string().min(1)).min(1).max(50).optional(),
  })
  .refine(({ root, providers }) => root !== undefined || providers !== undefined, {
    error: 'must have root or providers',
  });

/** Where what a lost host had goes on (requirement 6.4). */
const FailoverSpecSchema = z
  .strictObject({
    /** The host that takes over; its worker needs the same replica. */
    to: HostNameSchema,
    /** Where on that host each subject is restored. */
    subjects: z.array(FailoverSubjectSchema).max(200).default([]),
    /** For all other subjects of the lost host: each goes to `<root>/<subject>`. Without it they are left, and named. */
    root: absolute.optional(),
  })
  .refine(({ subjects, root }) => subjects.length > 0 || root !== undefined, {
    error: 'must have subjects or root',
  });

/** A component that is a host. */
export const HostSpecSchema = z.strictObject({
  /** As in the setting `host` of its worker. Default: the component's name. */
  name: HostNameSchema.optional(),
  failover: FailoverSpecSchema.optional(),
});

/** What a worker says of its host when it starts. */
export const HostWorkerSchema = z.object({
  version: z.string(),
  node: z.string(),
  /** Absent: not installed. */
  git: z.string().nullable(),
  tmux: z.string().nullable(),
  /** Of checkpoints, by name. */
  providers: z.array(z.string()),
  /** Checkpoints are copied to object storage. */
  replica: z.boolean(),
  startedAt: z.string(),
});

export const DrainSchema = z.object({ at: z.string(), by: z.string(), reason: z.string() });

export const FailedOverSchema = z.object({
  to: z.string(),
  at: z.string(),
  /** The recovery that did it. */
  recovery: z.string(),
  /** `begun`: its subjects may already be there. */
  state: z.enum(['begun', 'done']),
});

/** One subject that another host takes over. The id of the backup is fixed before the effect. */
export const MovedSubjectSchema = z.object({
  subject: z.string(),
  checkpointId: z.string(),
  root: z.string().optional(),
  providers: z.array(z.string()).optional(),
  backupId: z.string(),
});

/** What is kept of a host beyond its workers. */
export const HostRecordSchema = z.object({
  worker: HostWorkerSchema.nullable(),
  drained: DrainSchema.nullable(),
  failedOver: FailedOverSchema.nullable(),
});

const PollerSchema = z.object({ identity: z.string(), lastSeenAt: z.string() });

export const HostSchema = HostRecordSchema.extend({
  name: z.string(),
  taskQueue: z.string(),
  /** `away`: no worker has asked for work for a while. */
  state: z.enum(['up', 'away']),
  /** Null: not within the last minutes that Temporal remembers. */
  lastSeenAt: z.string().nullable(),
  workers: z.array(PollerSchema),
  /** Of its checkpoint store, every night. */
  care: z.enum(['on', 'off', 'none']),
});

export const HostSubjectSchema = z.object({
  subject: z.string(),
  checkpoints: z.number(),
  /** The newest that is whole. */
  latest: z.string().nullable(),
  latestAt: z.string().nullable(),
  /** The newest whole one that has a copy outside of the host. */
  latestCopied: z.string().nullable(),
  /** It has a copy outside of the host: can be restored elsewhere. */
  replicated: z.boolean(),
});

export const HostDetailsSchema = HostSchema.extend({ subjects: z.array(HostSubjectSchema) });

export const HostChangeInputSchema = z.strictObject({
  by: z.string().trim().min(1, 'must name who does it').max(200),
  reason: z.string().trim().min(1, 'must give a reason').max(1000),
});

/** What a procedure hands to the activities. */
export const FailOverInputSchema = z.strictObject({ host: HostNameSchema, failover: FailoverSpecSchema });

export type HostSpec = z.infer<typeof HostSpecSchema>;
export type HostWorker = z.infer<typeof HostWorkerSchema>;
export type FailedOver = z.infer<typeof FailedOverSchema>;
export type MovedSubject = z.infer<typeof MovedSubjectSchema>;
export type HostRecord = z.infer<typeof HostRecordSchema>;
export type Host = z.infer<typeof HostSchema>;
export type HostPoller = z.infer<typeof PollerSchema>;
export type HostSubject = z.infer<typeof HostSubjectSchema>;
export type HostDetails = z.infer<typeof HostDetailsSchema>;
export type HostChangeInput = z.infer<typeof HostChangeInputSchema>;
export type FailOverInput = z.infer<typeof FailOverInputSchema>;
