import { z } from 'zod';
import { DurationSchema } from './duration.schema.ts';
import { NameSchema } from './names.schema.ts';

const RELATIVE = /^(?!\/)(?!.*(^|\/)\.\.(\/|$))[^\0]+$/;

/** A path inside the sandbox. */
export const SandboxPathSchema = z
  .string()
  .max(400)
  .regex(RELATIVE, 'must be a path inside the sandbox, relative to it');

const fault = <Type extends string, Shape extends z.ZodRawShape>(type: Type, shape: Shape) =>
  z.strictObject({
    type: z.literal(type),
    ...shape,
    /** Taken back so long after it has shown, as an outage that ends by itself. Absent: it stays until it is mended. */
    for: DurationSchema.optional(),
  });

const Millis = z.number().int().min(1).max(60_000);
const MEBIBYTE = 1024 * 1024;

/** Each is done to what the drill itself has made, and nothing else. */
export const DrillFaultSchema = z.discriminatedUnion('type', [
  /** A wrong configuration, a failing test, a damaged source. */
  fault('writeFile', { path: SandboxPathSchema, content: z.string().max(100_000) }),
  fault('deleteFile', { path: SandboxPathSchema }),
  /** In the middle of the file. */
  fault('flipBit', { path: SandboxPathSchema }),
  /** In what the drill's checkpoint holds of this file; no other checkpoint may hold the same content. Before other faults of it. */
  fault('flipBitInStore', { path: SandboxPathSchema }),
  /** It may be neither read nor written; root, whom permissions do not bind, may only not write it (immutable). */
  fault('permissionDenied', { path: SandboxPathSchema }),
  /** A file or folder of a component is renamed away. */
  fault('componentDisabled', { path: SandboxPathSchema }),
  /** An index.lock of a git that has died. */
  fault('gitLock', {}),
  fault('gitDetach', {}),
  /** A merge that stopped at a conflict in this file. */
  fault('gitConflict', { path: SandboxPathSchema }),
  /** The object that holds this file's content is gone from the repository. */
  fault('gitMissingObject', { path: SandboxPathSchema }),
  /** One of spec.sandbox.processes. */
  fault('killProcess', { process: NameSchema }),
  /** The process whose number is in this file; it must be one of the sandbox. */
  fault('killByPidFile', { path: SandboxPathSchema }),
  /** SIGSTOP: it is there and does not answer. */
  fault('stopProcess', { process: NameSchema }),
  /** What the proxy passes on comes so many milliseconds later. */
  fault('networkLatency', { proxy: NameSchema, latency: Millis, jitter: Millis.optional() }),
  /** Nothing comes through any more, and nobody is told. */
  fault('networkCut', { proxy: NameSchema }),
  /** Connections are reset. */
  fault('networkReset', { proxy: NameSchema }),
  /** Each connection is closed after so many bytes of an answer. */
  fault('networkHalfOpen', { proxy: NameSchema, bytes: z.number().int().min(0).max(MEBIBYTE).default(0) }),
  /** On so large a share of the connections nothing comes back. */
  fault('networkLoss', { proxy: NameSchema, share: z.number().min(0.05).max(1) }),
  /** Nobody listens there: connections are refused. */
  fault('portClosed', { proxy: NameSchema }),
  /** The resolver of the sandbox does not know the name. */
  fault('dnsFailure', { service: NameSchema, name: z.string().min(1).max(200) }),
  /** The HTTP service answers every request with this status until its errors are cleared (DELETE /errors). */
  fault('serviceErrors', { service: NameSchema, status: z.number().int().min(400).max(599).default(503) }),
  /** The HTTP service answers 429 with Retry-After for so long, and is well then. */
  fault('rateLimit', { service: NameSchema, retryAfter: DurationSchema.default('2s') }),
  fault('killService', { service: NameSchema }),
  /** SIGSTOP: it takes connections and does not answer. */
  fault('stopService', { service: NameSchema }),
  /** Entries without an end in the Redis service until it takes no more. */
  fault('redisOutOfMemory', { service: NameSchema, prefix: z.string().min(1).max(100).default('filler:') }),
  /** The second half of every entry of the Redis service whose key begins so is lost. */
  fault('redisEntriesDamaged', { service: NameSchema, prefix: z.string().min(1).max(100) }),
  /** Sessions of this application_name until the PostgreSQL service takes no more. */
  fault('databaseConnectionsExhausted', { service: NameSchema, application: NameSchema.default('hog') }),
  fault('tmuxServerKilled', {}),
  /** The session's terminals take no output (C-s). */
  fault('sessionFrozen', { session: NameSchema }),
  fault('windowKilled', { session: NameSchema, window: NameSchema }),
  fault('clientDetached', { session: NameSchema }),
  /** A file on the disk of the sandbox grows until nothing more fits. */
  fault('diskFull', { disk: SandboxPathSchema, file: z.string().regex(RELATIVE).max(200).default('filler.log') }),
  /** Programs that do nothing but compute. */
  fault('cpuExhaustion', {
    workers: z.number().int().min(1).max(8).default(1),
    limit: DurationSchema.default('60s'),
    /** As nice as can be, unless said otherwise. */
    nice: z.number().int().min(0).max(19).default(19),
  }),
  /** Memory that is taken and written to. */
  fault('memoryExhaustion', {
    bytes: z
      .number()
      .int()
      .min(MEBIBYTE)
      .max(512 * MEBIBYTE)
      .default(128 * MEBIBYTE),
    limit: DurationSchema.default('60s'),
  }),
  /** The process is started again with a clock that is wrong by so much. */
  fault('clockSkew', {
    process: NameSchema,
    by: z.string().regex(/^[+-][1-9]\d{0,5}[smhd]$/, 'must look like +2h or -30d'),
  }),
]);

export type DrillFault = z.infer<typeof DrillFaultSchema>;
