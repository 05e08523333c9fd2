import { z } from 'zod';
import { DurationSchema } from './duration.schema.ts';
import { NameSchema } from './names.schema.ts';
import { PROBE_SHAPE } from './probe-kinds.schema.ts';

const absolute = z.string().startsWith('/', 'must be an absolute path').max(4096);
/** Inside a folder, never out of it. */
const PatternSchema = z
  .string()
  .min(1)
  .max(500)
  .refine((pattern) => !pattern.startsWith('/') && !pattern.split('/').includes('..'), 'must stay inside the folder');

const MemorySchema = z.strictObject({
  /** What is too much; after a heal it must pass. */
  probe: PROBE_SHAPE.memory.unwrap().prefault({}),
  /** Supervised processes that may be restarted, the heaviest first. Nothing else is ever ended. */
  restart: z.array(NameSchema).max(50).default([]),
  /** The kernel may let go of its caches; only root can ask it to. */
  dropCaches: z.boolean().default(false),
});

const OldFilesSchema = z.strictObject({
  folder: absolute.refine((folder) => folder.replace(/\/+$/, '') !== '', 'must not be /'),
  patterns: z.array(PatternSchema).min(1).max(100).default(['**/*.log', '**/*.log.*']),
  /** By the time of the last write. */
  olderThan: DurationSchema.default('7d'),
});

const CacheSchema = z.strictObject({
  folder: absolute.refine((folder) => folder.replace(/\/+$/, '') !== '', 'must not be /'),
  patterns: z.array(PatternSchema).min(1).max(100).optional(),
});

const DiskSchema = z.strictObject({
  probe: PROBE_SHAPE.disk.unwrap().prefault({}),
  /** Old files that may go, such as logs. */
  remove: z.array(OldFilesSchema).max(50).default([]),
  /** Folders whose caches may be emptied. */
  caches: z.array(CacheSchema).max(50).default([]),
  /** Whether checkpoints older than 7 days may go, by the retention rules of their ledgers; they cannot be had back. */
  checkpoints: z.boolean().default(false),
  /** On another file system: what is removed lies here until the disk is seen to be well. Without it there is no undo. */
  aside: absolute.optional(),
});

/** A process that may be touched: by the name of its program, and a word of its arguments. */
const BusyRuleSchema = z.strictObject({
  /** As the kernel knows it: at most 15 characters. */
  command: z.string().min(1).max(15, 'is cut by the kernel after 15 characters'),
  argvContains: z.string().min(1).max(500).optional(),
});

const CpuSchema = z
  .strictObject({
    /** What is too much; after a heal it must pass. By default what runs at a lower priority does not count. */
    probe: PROBE_SHAPE.cpu.unwrap().prefault({ ignoreNice: true }),
    /** Processes whose priority may be lowered, those that take most first. */
    lower: z.array(BusyRuleSchema).max(50).default([]),
    /** To which value, 1 to 19: the higher, the later it gets its turn. */
    nice: z.number().int().min(1).max(19).default(10),
    /** Processes that may be ended when that is not enough. There is no undo. */
    end: z.array(BusyRuleSchema).max(50).default([]),
    /** Between SIGTERM and SIGKILL. */
    grace: DurationSchema.default('5s'),
  })
  .refine(({ lower, end }) => lower.length + end.length > 0, { error: 'must have lower or end' });

/** What may be done about the resources of a host (requirement 6.3). */
export const MachineSpecSchema = z
  .strictObject({ memory: MemorySchema.optional(), disk: DiskSchema.optional(), cpu: CpuSchema.optional() })
  .refine(({ memory, disk, cpu }) => memory !== undefined || disk !== undefined || cpu !== undefined, {
    error: 'must have memory, disk or cpu',
  });

/** What a procedure hands to the host. */
export const MachineSchema = z.strictObject({
  name: NameSchema,
  memory: MemorySchema.optional(),
  disk: DiskSchema.optional(),
  cpu: CpuSchema.optional(),
});

export type Machine = z.infer<typeof MachineSchema>;
