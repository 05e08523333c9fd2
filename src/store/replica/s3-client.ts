import { S3Client } from '@aws-sdk/client-s3';
import { RerailError } from '../../domain/errors.ts';

export interface S3Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

export interface S3ReplicaOptions {
  bucket: string;
  /** `https://host` or `http://host:port`. Default: that of Amazon for the region. */
  endpoint?: string;
  /** Default: that of the environment or profile; `us-east-1` where an endpoint is given. */
  region?: string;
  /** All keys begin with it and a slash. Default: `rerail`. */
  prefix?: string;
  /** The bucket in the path rather than in the host's name. Default: true where an endpoint is given. */
  forcePathStyle?: boolean;
  /** Default: the usual chain of AWS_* variables, profile, container and instance. */
  credentials?: S3Credentials;
  /** Default: 5 s. */
  connectTimeoutMs?: number;
  /** How long an attempt may go without a byte in either direction. Default: 60 s. */
  idleTimeoutMs?: number;
  /** How often each operation is tried. Default: 3. */
  attempts?: number;
}

interface OpenedClient {
  client: S3Client;
  /** Endpoint and bucket, without credentials. */
  place: string;
  prefix: string;
  idleTimeoutMs: number;
  attempts: number;
  /** Takes the secrets that were given out of a text. */
  hide: (text: string) => string;
}

const silence = (): void => undefined;
const SILENT = { debug: silence, info: silence, warn: silence, error: silence };

/** An address with a password in it would end up in messages. */
function parseEndpoint(endpoint: string): URL {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (url !== undefined && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '') return url;
  throw new RerailError('invalid-input', 'The endpoint of the replica is not an http or https address', {
    remedy: 'Give it as `https://host:port`, without a user name and password.',
    nonRetryable: true,
  });
}

export function openClient(options: S3ReplicaOptions): OpenedClient {
  const { bucket, credentials, connectTimeoutMs = 5000, idleTimeoutMs = 60_000, attempts = 3 } = options;
  const endpoint = options.endpoint === undefined ? undefined : parseEndpoint(options.endpoint);
  const region = options.region ?? (endpoint === undefined ? undefined : 'us-east-1');
  const client = new S3Client({
    ...(endpoint === undefined ? {} : { endpoint: endpoint.href }),
    ...(region === undefined ? {} : { region }),
    ...(credentials === undefined ? {} : { credentials }),
    forcePathStyle: options.forcePathStyle ?? endpoint !== undefined,
    // A stream can be sent once only, so that all attempts are ours.
    maxAttempts: 1,
    requestHandler: { connectionTimeout: connectTimeoutMs },
    // What fails is thrown; without a logger of its own the client would tell the console as well.
    logger: SILENT,
    // Storage other than Amazon's refuses checksums it does not know; the SHA-256 is sent in any case.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
  const secrets = [credentials?.secretAccessKey, credentials?.sessionToken, credentials?.accessKeyId];
  const hide = (text: string): string =>
    secrets.reduce<string>((rest, secret) => (secret ? rest.replaceAll(secret, '***') : rest), text);
  const prefix = (options.prefix ?? 'rerail').replace(/^\/+|\/+$/g, '');
  return {
    client,
    place: `${endpoint?.origin ?? 'Amazon S3'}, bucket ${bucket}`,
    prefix,
    idleTimeoutMs,
    attempts,
    hide,
  };
}
