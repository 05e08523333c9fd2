import { z } from 'zod';
import { SandboxPathSchema } from './drill-fault.schema.ts';
import { NameSchema } from './names.schema.ts';
import { ArgvSchema } from './operation.schema.ts';
import { ProbeSchema } from './probe.schema.ts';
import { SHARED_TASK_QUEUE } from './wire-names.ts';

const MEBIBYTE = 1024 * 1024;

/** A real server for the drill alone, on a free port of the loopback: `{{ inputs.ports.NAME }}`. */
const SandboxServiceSchema = z.discriminatedUnion('kind', [
  /** User `rerail` and user `app`, who is no superuser; the password is in `{{ inputs.secrets }}/NAME`. */
  z.strictObject({
    kind: z.literal('postgres'),
    name: NameSchema,
    maxConnections: z.number().int().min(8).max(100).default(20),
  }),
  /** In memory only; the password is in `{{ inputs.secrets }}/NAME`. */
  z.strictObject({
    kind: z.literal('redis'),
    name: NameSchema,
    maxMemoryBytes: z
      .number()
      .int()
      .min(4 * MEBIBYTE)
      .max(64 * MEBIBYTE)
      .default(16 * MEBIBYTE),
    /** What it holds from the start. */
    entries: z.record(z.string().min(1).max(200), z.string().max(100_000)).optional(),
  }),
  /** Answers `GET /` and `GET /health` with 200 and `ok`. */
  z.strictObject({ kind: z.literal('http'), name: NameSchema }),
  /** A resolver (UDP) that knows these names. */
  z.strictObject({ kind: z.literal('dns'), name: NameSchema, records: z.record(z.string().min(1), z.ipv4()) }),
  /** A Temporal server with its database in a file: it has its state when it is started again. */
  z.strictObject({ kind: z.literal('temporal'), name: NameSchema }),
  /** A worker of Rerail on such a server, with data of its own; its port answers `GET /healthz`. Started after all others. */
  z.strictObject({
    kind: z.literal('worker'),
    name: NameSchema,
    /** The service of kind `temporal` that it works for. */
    temporal: NameSchema,
    /** What the command line asks unless it is told otherwise. */
    taskQueue: z.string().min(1).max(200).default(SHARED_TASK_QUEUE),
  }),
]);

export const SandboxSchema = z.strictObject({
  files: z.record(SandboxPathSchema, z.string().max(100_000)).default({}),
  /** A repository with all the files committed on `main`. */
  git: z.boolean().default(false),
  /** Commands that make what is too large or too odd to be written down; run in the sandbox, one after the other. */
  prepare: z.array(ArgvSchema).max(10).optional(),
  /** Names of free ports of the loopback, for processes and components: `{{ inputs.ports.NAME }}`. */
  ports: z.array(NameSchema).max(20).optional(),
  services: z.array(SandboxServiceSchema).max(5).optional(),
  /** In front of a service or a named port; on a port of its own name. */
  proxies: z
    .array(z.strictObject({ name: NameSchema, to: NameSchema }))
    .max(10)
    .optional(),
  /** Folders of the sandbox that are disks of their own, in memory. */
  disks: z
    .array(
      z.strictObject({
        path: SandboxPathSchema,
        bytes: z
          .number()
          .int()
          .min(MEBIBYTE)
          .max(256 * MEBIBYTE),
      }),
    )
    .max(3)
    .optional(),
  /** Of a tmux server of the drill's own, at `{{ inputs.socket }}`; windows by name, with a shell in each. */
  sessions: z
    .array(
      z.strictObject({
        name: NameSchema,
        windows: z.array(NameSchema).min(1).max(10),
        /** Somebody is attached. */
        attached: z.boolean().default(false),
      }),
    )
    .max(5)
    .optional(),
  processes: z
    .array(z.strictObject({ name: NameSchema, argv: ArgvSchema, ready: z.array(ProbeSchema).default([]) }))
    .max(10)
    .default([]),
});

export type Sandbox = z.infer<typeof SandboxSchema>;
export type SandboxService = z.infer<typeof SandboxServiceSchema>;
