import { hostname } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { SHARED_TASK_QUEUE } from '../domain/wire-names.ts';

const PortSchema = z.coerce.number('must be a port number').int().min(0).max(65_535);

/** Task queues and refs carry the name of the host, so that it must be one that both take. */
export const cleanHost = (name: string): string =>
  name.replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[-.]+/, '') || 'localhost';

export const SettingsSchema = z.strictObject({
  /** Holds the checkpoints, and the database of the embedded server. */
  dataDir: z.string().min(1),
  /** Holds what can be fetched again: the Temporal server. */
  cacheDir: z.string().min(1),
  /** Name of this machine: its activities run on the task queue `rerail-host-<host>`. */
  host: z.string().regex(/^[A-Za-z0-9._-]+$/, 'may hold letters, digits, dots, dashes and underscores only'),
  /** Of a Temporal server, `host:port`. Unset: profile, then embedded server. */
  address: z
    .string()
    .regex(/^[^\s/]+:\d+$/, 'must be host:port')
    .optional(),
  namespace: z.string().min(1).optional(),
  /** Of the temporal CLI's temporal.toml. */
  profile: z.string().min(1).optional(),
  taskQueue: z.string().min(1),
  /** Directories with playbooks of your own, looked at before the built-in ones. */
  playbooksDir: z.array(z.string().min(1)),
  logLevel: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']),
  /** `auto`: text on a terminal, JSON otherwise. */
  logFormat: z.enum(['auto', 'text', 'json']),
  uiPort: PortSchema,
  serverPort: PortSchema,
  /** Open recoveries, from which on a new one waits for a person before it acts. */
  maxConcurrentRecoveries: z.coerce.number('must be a number').int().min(1),
  /** What the checkpoint store may take on disk, in bytes. */
  maxStoreBytes: z.coerce.number('must be a number of bytes').int().min(1_000_000),
  /** A directory with more entries, or more bytes, is refused by a capture. */
  maxTreeFiles: z.coerce.number('must be a number').int().min(1),
  maxTreeBytes: z.coerce.number('must be a number of bytes').int().min(1),
  /** YAML with the databases and caches that checkpoints may hold. */
  providersFile: z.string().min(1).optional(),
  /** Keys that signed approvals are checked with, one a line; the first one signs. */
  approvalKeysFile: z.string().min(1).optional(),
  /** YAML with the channels that people are told by, and what goes where. Unset: the log only. */
  notificationsFile: z.string().min(1).optional(),
  /** Directory with definitions of monitors; the worker of their host starts them. Unset: none is started by itself. */
  monitorsDir: z.string().min(1).optional(),
  /** YAML with what alerts mean and who may send them. Unset: alerts are refused. */
  alertRulesFile: z.string().min(1).optional(),
  /** Address of the API and the dashboard as people reach it, for links in notifications. */
  publicUrl: z
    .url({ protocol: /^https?$/, error: 'must be an http or https address' })
    .transform((url) => url.replace(/\/+$/, ''))
    .optional(),
  /** Where the worker serves `/metrics` and `/healthz`. Unset: nowhere. */
  metricsPort: PortSchema.optional(),
  metricsHost: z.string().min(1),
  /** Where Temporal's own metrics of the worker are served, on the same host. Unset: nowhere. */
  sdkMetricsPort: PortSchema.optional(),
  /** Keys that payloads are encrypted with before Temporal gets them. Unset: they are not. */
  encryptionKeysFile: z.string().min(1).optional(),
  /** Whether the store is cleaned, checked and repaired every night. */
  storeCare: z.enum(['daily', 'off']),
  /** Bucket of S3-compatible object storage with a copy of each checkpoint. Unset: no copies. */
  replicaBucket: z.string().min(1).optional(),
  /** Default: that of Amazon for the region. */
  replicaEndpoint: z.url('must be an http or https address').optional(),
  replicaRegion: z.string().min(1).optional(),
  replicaPrefix: z.string().optional(),
  /** The bucket in the path rather than in the host's name; default where an endpoint is given. */
  replicaForcePathStyle: z.union([z.boolean(), z.stringbool()]).optional(),
  /** Where the HTTP API listens. Anything but loopback needs tokens or JWT. */
  apiHost: z.string().min(1),
  apiPort: PortSchema,
  /** YAML or JSON with the static tokens of the API, by hash. */
  apiTokensFile: z.string().min(1).optional(),
  /** Of JSON Web Tokens; together with the audience and the keys. */
  apiJwtIssuer: z.string().min(1).optional(),
  apiJwtAudience: z.string().min(1).optional(),
  /** Where the keys of the issuer are; or `apiJwtKeyFile`. */
  apiJwksUrl: z.url('must be an http or https address').optional(),
  /** Public key as PEM, or a JWK set; or a shared key as a JWK of kty `oct`. */
  apiJwtKeyFile: z.string().min(1).optional(),
  /** Claims that hold the roles and the teams. */
  apiJwtRolesClaim: z.string().min(1),
  apiJwtTeamsClaim: z.string().min(1),
  /** Other origins whose pages may call the API; in the environment with commas between them. Default: none. */
  apiCorsOrigins: z.union([
    z.array(z.url()),
    z.string().transform((text) => text.split(',').map((part) => part.trim())),
  ]),
  /** Requests of one address within a minute. */
  apiRateLimit: z.coerce.number('must be a number').int().min(1),
});

export type Settings = z.infer<typeof SettingsSchema>;
export type SettingName = keyof Settings;

export const SETTING_NAMES = Object.keys(SettingsSchema.shape) as SettingName[];

/** Paths, which are relative to where they were written. */
export const PATH_SETTINGS: ReadonlySet<SettingName> = new Set([
  'dataDir',
  'cacheDir',
  'playbooksDir',
  'providersFile',
  'approvalKeysFile',
  'notificationsFile',
  'alertRulesFile',
  'monitorsDir',
  'encryptionKeysFile',
  'apiTokensFile',
  'apiJwtKeyFile',
]);

export interface Surroundings {
  env: Record<string, string | undefined>;
  home: string;
  cwd: string;
}

export function defaultSettings({ env, home }: Surroundings): Settings {
  return {
    dataDir: join(env['XDG_DATA_HOME'] || join(home, '.local', 'share'), 'rerail'),
    cacheDir: join(env['XDG_CACHE_HOME'] || join(home, '.cache'), 'rerail'),
    host: cleanHost(hostname()),
    taskQueue: SHARED_TASK_QUEUE,
    playbooksDir: [],
    logLevel: 'info',
    logFormat: 'auto',
    uiPort: 8233,
    serverPort: 7233,
    metricsHost: '127.0.0.1',
    maxStoreBytes: 50 * 1024 ** 3,
    maxTreeFiles: 200_000,
    maxTreeBytes: 20 * 1024 ** 3,
    maxConcurrentRecoveries: 100,
    storeCare: 'daily',
    apiHost: '127.0.0.1',
    apiPort: 7070,
    apiJwtRolesClaim: 'roles',
    apiJwtTeamsClaim: 'teams',
    apiCorsOrigins: [],
    apiRateLimit: 1200,
  };
}
