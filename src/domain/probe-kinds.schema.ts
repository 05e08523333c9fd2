import { z } from 'zod';
import { DurationSchema } from './duration.schema.ts';
import { NameSchema } from './names.schema.ts';
import { ArgvSchema } from './operation.schema.ts';
import { SessionSpecSchema } from './session.schema.ts';

export const PortSchema = z.number().int().min(1).max(65_535);
const PercentSchema = z.number().gt(0).max(100);
const BytesSchema = z.number().int().min(1);
const AbsolutePathSchema = z.string().startsWith('/', 'must be an absolute path');

const CommandProbeSchema = z.strictObject({
  argv: ArgvSchema,
  cwd: z.string().optional(),
  expectExit: z.number().int().default(0),
  stdoutContains: z.string().optional(),
});

const FileProbeSchema = z.strictObject({
  path: z.string().min(1),
  exists: z.boolean().default(true),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits')
    .optional(),
  contains: z.string().optional(),
});

export const HttpProbeSchema = z.strictObject({
  url: z.url({ protocol: /^https?$/ }),
  /** Default: any of 200 to 399. */
  status: z.number().int().min(100).max(599).optional(),
  contains: z.string().optional(),
});

const TcpProbeSchema = z.strictObject({
  host: z.string().default('127.0.0.1'),
  port: PortSchema,
});

/** Which processes are meant. Several fields: all of them must fit. */
const ProcessFields = {
  /** Absolute path of a file that holds the number of the process. */
  pidFile: AbsolutePathSchema.optional(),
  /** Name of the program, without its directory. */
  command: z.string().min(1).max(200).optional(),
  /** User name or number. */
  owner: z.string().min(1).optional(),
  /** Part of the command line. */
  argvContains: z.string().min(1).optional(),
};
const namesProcess = (given: { pidFile?: unknown; command?: unknown; argvContains?: unknown }): boolean =>
  given.pidFile !== undefined || given.command !== undefined || given.argvContains !== undefined;
const MUST_NAME = { error: 'must name the process by pidFile, command or argvContains' };

export const ProcessSelectorSchema = z.strictObject(ProcessFields).refine(namesProcess, MUST_NAME);

const ProcessProbeSchema = z
  .strictObject({
    ...ProcessFields,
    /** The component whose process (spec.process) it is; looked at on its host, by its restart policy. */
    supervised: NameSchema.optional(),
    /** So many must run. */
    minCount: z.number().int().min(1).default(1),
    /** Of all of them together: resident memory. */
    maxMemoryBytes: BytesSchema.optional(),
  })
  .refine((given) => given.supervised !== undefined || namesProcess(given), {
    error: 'must name the process by pidFile, command, argvContains or supervised',
  })
  .refine((given) => given.supervised === undefined || !(namesProcess(given) || given.owner !== undefined), {
    error: 'must name the process by supervised alone, or without it',
  });

const MemoryProbeSchema = z.strictObject({
  /** Default: 85 where no other limit is given. */
  maxPercent: PercentSchema.optional(),
  maxBytes: BytesSchema.optional(),
  /** What must be available; of the machine only. */
  minFreeBytes: BytesSchema.optional(),
  /** Absent: of the machine. */
  process: ProcessSelectorSchema.optional(),
});

const DiskProbeSchema = z.strictObject({
  path: AbsolutePathSchema.default('/'),
  /** Default: 90 where no other limit is given. */
  maxPercent: PercentSchema.optional(),
  minFreeBytes: BytesSchema.optional(),
  minFreeInodes: z.number().int().min(1).optional(),
});

const CpuProbeSchema = z.strictObject({
  /** Over the sample, of all cores together. Default: 90 where no other limit is given. */
  maxPercent: PercentSchema.optional(),
  /** Load of the last minute, for each core. */
  maxLoadPerCore: z.number().gt(0).optional(),
  /** What runs at a lower priority keeps nobody else waiting: it does not count for maxPercent. */
  ignoreNice: z.boolean().optional(),
  sample: DurationSchema.default('500ms'),
});

const EventLoopProbeSchema = z.strictObject({
  /** Of the worker itself, over the sample. Default: 200 where no other limit is given. */
  maxDelayMs: z.number().gt(0).optional(),
  maxUtilizationPercent: PercentSchema.optional(),
  sample: DurationSchema.default('500ms'),
});

const TlsSchema = z.discriminatedUnion('mode', [
  z.strictObject({ mode: z.literal('require') }),
  z.strictObject({ mode: z.literal('verify-full'), caFile: z.string().min(1) }),
]);
export const AddressFields = {
  host: z.string().min(1).default('127.0.0.1'),
  /** Read by the worker at each look, never kept. */
  passwordFrom: z
    .string()
    .regex(
      /^(env:[A-Za-z_][A-Za-z0-9_]*|file:\/.+)$/,
      'must be env:NAME or file:/path: a password does not belong here',
    )
    .optional(),
  tls: TlsSchema.optional(),
};

const PostgresProbeSchema = z
  .strictObject({
    ...AddressFields,
    port: PortSchema.default(5432),
    database: z.string().min(1),
    user: z.string().min(1),
    /** One statement in a transaction that can only read; the first column of its first row is the value. */
    query: z.string().min(1).max(10_000).optional(),
    equals: z.union([z.string(), z.number(), z.boolean()]).optional(),
    atMost: z.number().optional(),
    /** Of the whole server, in percent of its max_connections. */
    maxConnectionsPercent: PercentSchema.optional(),
  })
  .refine(({ query, equals, atMost }) => query !== undefined || (equals === undefined && atMost === undefined), {
    error: 'equals and atMost need a query',
  });

export const RedisFields = {
  ...AddressFields,
  port: PortSchema.default(6379),
  db: z.number().int().min(0).default(0),
  username: z.string().min(1).optional(),
};

const RedisProbeSchema = z.strictObject({
  ...RedisFields,
  /** Must be there. */
  key: z.string().min(1).optional(),
  /** What the server may use. */
  maxMemoryBytes: BytesSchema.optional(),
});

/** A Redis stream. */
const QueueProbeSchema = z
  .strictObject({
    ...RedisFields,
    stream: z.string().min(1),
    maxLength: z.number().int().min(0).optional(),
    /** Consumer group that maxLag and maxPendingAge are about; it must be there. */
    group: z.string().min(1).optional(),
    /** Entries that the group has not been given yet. */
    maxLag: z.number().int().min(0).optional(),
    /** Age of the oldest entry that was given out and not acknowledged. */
    maxPendingAge: DurationSchema.optional(),
  })
  .refine(
    ({ group, maxLag, maxPendingAge }) => group !== undefined || (maxLag === undefined && maxPendingAge === undefined),
    { error: 'maxLag and maxPendingAge need a group' },
  );

const TemporalTaskQueueProbeSchema = z.strictObject({
  taskQueue: z.string().min(1),
  /** Default: that of the worker. */
  namespace: z.string().min(1).optional(),
  type: z.enum(['workflow', 'activity']).default('activity'),
  /** Workers that have asked for work within the last 75 s. */
  minPollers: z.number().int().min(1).default(1),
  maxBacklog: z.number().int().min(0).optional(),
});

const GitProbeSchema = z.strictObject({
  /** Where the work tree begins. */
  path: AbsolutePathSchema,
  /** No change that is not committed; with `tracked`, files that git does not know do not count. */
  clean: z.union([z.boolean(), z.literal('tracked')]).default(false),
  branch: z.string().min(1).optional(),
  /** An index.lock that is older fails; a younger one belongs to a git at work. */
  maxLockAge: DurationSchema.default('1m'),
});

/** Compared with the session's last checkpoint; looked at on the host. */
const SessionProbeSchema = SessionSpecSchema.pick({ name: true, socket: true, subject: true, client: true });

/** What each kind of probe takes, by its key. A probe has exactly one of them. */
export const PROBE_SHAPE = {
  command: CommandProbeSchema.optional(),
  file: FileProbeSchema.optional(),
  http: HttpProbeSchema.optional(),
  tcp: TcpProbeSchema.optional(),
  process: ProcessProbeSchema.optional(),
  memory: MemoryProbeSchema.optional(),
  disk: DiskProbeSchema.optional(),
  cpu: CpuProbeSchema.optional(),
  eventLoop: EventLoopProbeSchema.optional(),
  postgres: PostgresProbeSchema.optional(),
  redis: RedisProbeSchema.optional(),
  queue: QueueProbeSchema.optional(),
  temporalTaskQueue: TemporalTaskQueueProbeSchema.optional(),
  git: GitProbeSchema.optional(),
  session: SessionProbeSchema.optional(),
};
