import { z } from 'zod';
import { DurationSchema } from './duration.schema.ts';
import { JsonSchema, NameSchema } from './names.schema.ts';
import { ArgvSchema, HttpOperationSchema } from './operation.schema.ts';
import { AddressFields, HttpProbeSchema, PortSchema, RedisFields } from './probe-kinds.schema.ts';

const RequestSchema = HttpOperationSchema.omit({ kind: true });
const IdentifierSchema = z.string().regex(/^[a-z_][a-z0-9_]{0,50}$/, 'must be a plain lower-case SQL name');
/** A key, or the beginning of keys: `*` is taken as it is and means nothing. */
const PrefixSchema = z.string().min(1).max(500);

/** Additive increase, multiplicative decrease of the requests of all clients together. */
export const RateSpecSchema = z
  .strictObject({
    /** The full rate. */
    perSecond: z.number().gt(0).max(1_000_000),
    /** It never goes below. Default: a hundredth of the full rate. */
    minPerSecond: z.number().gt(0).optional(),
    /** What the rate is multiplied with when the service takes no more. */
    factor: z.number().gt(0).lt(1).default(0.5),
    /** Added after each quiet period. Default: a tenth of the full rate. */
    increasePerSecond: z.number().gt(0).optional(),
    quietPeriod: DurationSchema.prefault('30s'),
  })
  .refine(({ perSecond, minPerSecond }) => minPerSecond === undefined || minPerSecond <= perSecond, {
    path: ['minPerSecond'],
    error: 'must not be above perSecond',
  });

const ErrorCacheSchema = z
  .strictObject({
    /** The request that clears it. */
    http: RequestSchema.optional(),
    /** These keys are removed, and nothing else. */
    redis: z.strictObject({ ...RedisFields, keys: z.array(z.string().min(1)).min(1).max(1000) }).optional(),
  })
  .refine(({ http, redis }) => (http === undefined) !== (redis === undefined), {
    error: 'must have exactly one of http, redis',
  });

export const ApiServiceSchema = z.strictObject({
  /** How it is seen that the API works. */
  health: HttpProbeSchema,
  errorCache: ErrorCacheSchema.optional(),
  rate: RateSpecSchema.optional(),
  restore: z
    .strictObject({
      /** Percent of the traffic, one step after the other. */
      steps: z.array(z.number().int().min(1).max(100)).min(1).max(20).default([10, 50, 100]),
      /** Looks of each step; all must pass. */
      looks: z.number().int().min(1).max(100).default(3),
      /** Between two looks. */
      every: DurationSchema.prefault('500ms'),
    })
    .prefault({}),
});

export const DatabaseServiceSchema = z.strictObject({
  ...AddressFields,
  port: PortSchema.default(5432),
  database: z.string().min(1),
  user: z.string().min(1),
  /** How long it is waited for a server that does not answer yet. */
  connectWithin: DurationSchema.prefault('20s'),
  /** Whose sessions may be ended. */
  pool: z
    .strictObject({
      /** Of `application_name`, in full. */
      applications: z.array(z.string().min(1)).min(1).max(50),
      /** Default: the database above. */
      databases: z.array(z.string().min(1)).min(1).max(50).optional(),
      idleInTransaction: DurationSchema.prefault('1m'),
      /** A query that runs for longer is stuck. */
      stuckAfter: DurationSchema.prefault('5m'),
      /** Of one run; more are left and named. */
      max: z.number().int().min(1).max(1000).default(100),
    })
    .optional(),
  integrity: z
    .strictObject({
      /** `schema.index`; default: all B-tree indexes of the database that are not the system's. */
      indexes: z.array(z.string().min(1)).max(1000).optional(),
      /** Tables whose rows are looked at as well, `schema.table`. */
      heap: z.array(z.string().min(1)).max(1000).default([]),
      /** The extension amcheck may be installed. */
      createExtension: z.boolean().default(false),
      /** Indexes that may be built anew when they are damaged: `schema.index`, or `*` for any. */
      reindex: z.array(z.string().min(1)).max(1000).default([]),
    })
    .prefault({}),
  /** Operations that failed while the database was away. */
  held: z
    .strictObject({
      /** Where the table `rerail_held_operations` is, or is made. */
      schema: IdentifierSchema.default('public'),
      /** What may be replayed: one SQL statement for each name, with `$1`, `$2` for the values. */
      statements: z.record(NameSchema, z.string().min(1).max(10_000)),
    })
    .optional(),
});

/** When an entry counts as whole. Several rules: all of them must fit. */
export const EntryRuleSchema = z.strictObject({
  /** Allow-list: only keys that begin so are looked at and touched. */
  prefix: PrefixSchema,
  /** The value is JSON. */
  json: z.boolean().default(false),
  /** JSON Schema that the value has to fit; implies `json`. */
  schema: z.record(z.string(), JsonSchema).optional(),
  /** Field of the JSON object that holds the SHA-256, in hexadecimal digits, of the rest as JSON with sorted names. */
  checksumField: z.string().min(1).optional(),
  /** The entry must expire, and no later than this. */
  maxTtl: DurationSchema.optional(),
});

const LoaderSchema = z
  .strictObject({
    /** Prints a JSON object of key and value. */
    command: ArgvSchema.optional(),
    /** The same from an HTTP answer. */
    http: RequestSchema.optional(),
    timeout: DurationSchema.prefault('30s'),
    /** More entries are refused. */
    maxEntries: z.number().int().min(1).max(100_000).default(10_000),
    /** Of each entry that is loaded. */
    ttl: DurationSchema.optional(),
  })
  .refine(({ command, http }) => (command === undefined) !== (http === undefined), {
    error: 'must have exactly one of command, http',
  });

export const CacheServiceSchema = z.strictObject({
  ...RedisFields,
  entries: z.array(EntryRuleSchema).max(50).default([]),
  /** Damaged entries that may be removed by one run; with more of them none is. */
  maxRemoved: z.number().int().min(1).max(100_000).default(1000),
  /** How long what was removed is kept aside for the undo. */
  keepAside: DurationSchema.prefault('24h'),
  load: LoaderSchema.optional(),
  /** Entries of each prefix that the verification looks at. */
  sample: z.number().int().min(1).max(10_000).default(200),
});

/** A Redis stream with a consumer group. */
export const QueueServiceSchema = z.strictObject({
  ...RedisFields,
  stream: z.string().min(1),
  group: z.string().min(1),
  /** A consumer that has been silent for so long is dead; what it holds is given to living ones. */
  deadAfter: DurationSchema.prefault('1m'),
  /** Who gets it; default: the living consumers in turn. */
  claimTo: z.string().min(1).optional(),
  /** Entries that were delivered more often than this are moved to the stream deadLetter. */
  poison: z
    .strictObject({
      maxDeliveries: z.number().int().min(1).max(10_000).default(5),
      deadLetter: z.string().min(1),
    })
    .optional(),
  /** Entries that one run treats. */
  max: z.number().int().min(1).max(100_000).default(10_000),
});

/** What a component is beside its probes (requirements 4.5, 6.3): exactly one of them. */
export const ServiceSpecSchema = z
  .strictObject({
    api: ApiServiceSchema.optional(),
    database: DatabaseServiceSchema.optional(),
    cache: CacheServiceSchema.optional(),
    queue: QueueServiceSchema.optional(),
  })
  .refine((spec) => Object.values(spec).filter((kind) => kind !== undefined).length === 1, {
    error: 'must have exactly one of api, database, cache, queue',
  });

const by = z.string().min(1).max(200);
const reason = z.string().min(1).max(1000);

export const DegradeInputSchema = z.strictObject({
  by,
  reason,
  /** When it ends by itself. */
  until: z.iso.datetime({ offset: true }).optional(),
});
export const RestoreServiceInputSchema = z.strictObject({ by, reason });

/** An operation that could not be done, in the order of its arrival. */
export const HeldOperationSchema = z.strictObject({
  /** Names the operation; the same id is done once. */
  id: z.string().min(1).max(200),
  /** One of the names in the component's `held.statements`. */
  statement: NameSchema,
  values: z
    .array(z.union([z.string(), z.number(), z.boolean(), z.null()]))
    .max(100)
    .default([]),
});

export const ServiceChangeSchema = z.object({ at: z.string(), what: z.string(), by: z.string(), reason: z.string() });

export const ServiceSnapshotSchema = z.object({
  name: z.string(),
  /** Work goes on, with less: read-only, from a cache, later. */
  degraded: z.boolean(),
  /** Why; null when it is not degraded. */
  reason: z.string().nullable(),
  since: z.string().nullable(),
  /** When it ends by itself. */
  until: z.string().nullable(),
  /** What all clients together may send; null: no limit is known. */
  ratePerSecond: z.number().nullable(),
  /** Share of the traffic that may go there. */
  trafficPercent: z.number(),
  /** Grows each time that pools have to open their connections anew. */
  resets: z.number().int(),
  /** Operations that wait for the database. */
  held: z.number().int(),
  /** Grows with every change. */
  version: z.number().int(),
  /** Newest last, the last 20. */
  changes: z.array(ServiceChangeSchema),
});

export const ListedServiceSchema = z.object({
  name: z.string(),
  state: z.enum(['normal', 'degraded', 'limited']),
  since: z.string(),
});

export type RateSpec = z.infer<typeof RateSpecSchema>;
export type ServiceSpec = z.infer<typeof ServiceSpecSchema>;
export type ApiService = z.infer<typeof ApiServiceSchema>;
export type DatabaseService = z.infer<typeof DatabaseServiceSchema>;
export type CacheService = z.infer<typeof CacheServiceSchema>;
export type EntryRule = z.infer<typeof EntryRuleSchema>;
export type QueueService = z.infer<typeof QueueServiceSchema>;
export type DegradeInput = z.infer<typeof DegradeInputSchema>;
export type RestoreServiceInput = z.infer<typeof RestoreServiceInputSchema>;
export type HeldOperation = z.infer<typeof HeldOperationSchema>;
export type HeldOperationInput = z.input<typeof HeldOperationSchema>;
export type ServiceSnapshot = z.infer<typeof ServiceSnapshotSchema>;
export type ListedService = z.infer<typeof ListedServiceSchema>;
