import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import type { S3Client } from '@aws-sdk/client-s3';
import { RerailError } from '../../domain/errors.ts';
import { watched, withIdleLimit } from './idle-limit.ts';
import type { IdleWatch } from './idle-limit.ts';
import type { ListedObject, PutOrder, Replica, ReplicaObject } from './replica.ts';
import { createAttempts, statusOf } from './s3-errors.ts';
import { openClient } from './s3-client.ts';
import type { S3ReplicaOptions } from './s3-client.ts';

/** What one request may carry. */
const LARGEST_PUT_BYTES = 5 * 1024 ** 3;
const LARGEST_DELETE = 1000;

interface Described {
  ContentLength?: number | undefined;
  LastModified?: Date | undefined;
  Metadata?: Record<string, string> | undefined;
  ChecksumSHA256?: string | undefined;
}

const hexOf = (base64: string): string => Buffer.from(base64, 'base64').toString('hex');

/** Object storage with the protocol of Amazon S3. It must know `If-None-Match: *` on writes. */
export function createS3Replica(options: S3ReplicaOptions): Replica {
  const { bucket: Bucket } = options;
  const { client, place, prefix, idleTimeoutMs, attempts, hide } = openClient(options);
  const { run } = createAttempts(place, attempts, hide);
  const within = <T>(work: (watch: IdleWatch) => Promise<T>): Promise<T> => withIdleLimit(idleTimeoutMs, work);

  const requireOwn = (key: string): string => {
    if (prefix === '' || key.startsWith(`${prefix}/`)) return key;
    throw new RerailError('invalid-input', `"${key}" is outside of the prefix "${prefix}" of the replica ${place}`, {
      remedy: 'Use keys below the prefix.',
      nonRetryable: true,
    });
  };
  const damaged = (key: string, why: string, nonRetryable: boolean): RerailError =>
    new RerailError('checkpoint-corrupt', `The object ${key} at ${place} is damaged: ${why}`, {
      remedy: 'Delete it, and replicate again from a store that has the checkpoint.',
      details: { place, key },
      nonRetryable,
    });

  const describe = (key: string, described: Described): ReplicaObject => {
    const { sha256 = '', ...metadata } = described.Metadata ?? {};
    if (!/^[0-9a-f]{64}$/.test(sha256)) throw damaged(key, 'it was put without a SHA-256', true);
    // With a count of parts behind it, it is that of a list of digests.
    const stored = described.ChecksumSHA256;
    if (stored !== undefined && !stored.includes('-') && hexOf(stored) !== sha256)
      throw damaged(key, `the storage has a SHA-256 of ${hexOf(stored)}, not ${sha256}`, true);
    const storedAt = (described.LastModified ?? new Date(0)).toISOString();
    return { key, sha256, size: described.ContentLength ?? 0, storedAt, metadata };
  };

  const head = (key: string): Promise<ReplicaObject | undefined> =>
    run('look up', requireOwn(key), () =>
      within(async ({ signal }) => {
        const command = new HeadObjectCommand({ Bucket, Key: key, ChecksumMode: 'ENABLED' });
        const answer = await client.send(command, { abortSignal: signal }).catch((error: unknown) => {
          if (statusOf(error) === 404) return undefined;
          throw error;
        });
        if (answer !== undefined) return describe(key, answer);
        // Without a body a 404 may mean as well that there is no such bucket; a list fails then, and says so.
        await client.send(new ListObjectsV2Command({ Bucket, Prefix: key, MaxKeys: 1 }), { abortSignal: signal });
        return undefined;
      }),
    );

  /** What is there when a create-only write is refused. */
  const requireSame = async (key: string, sha256: string): Promise<'exists'> => {
    const present = await head(key);
    if (present?.sha256 === sha256) return 'exists';
    throw new RerailError('checkpoint-invalid', `${key} exists already at ${place} with other content`, {
      remedy: 'Look at what is there: an object of a replica is never overwritten.',
      details: { place, key },
      nonRetryable: true,
    });
  };

  const put = async (key: string, file: string, order: PutOrder): Promise<'created' | 'exists'> => {
    const outcome = await run<'created' | 'taken'>('put', key, () =>
      within((watch) => sendFile(client, { Bucket, Key: key }, file, order, watch)).catch((error: unknown) => {
        if (statusOf(error) === 412) return 'taken';
        throw error;
      }),
    );
    return outcome === 'taken' ? requireSame(key, order.sha256) : outcome;
  };

  const fetchOnce = (key: string, file: string): Promise<ReplicaObject> =>
    within(async (watch) => {
      const command = new GetObjectCommand({ Bucket, Key: key });
      const answer = await client.send(command, { abortSignal: watch.signal });
      const object = describe(key, answer);
      const hash = createHash('sha256');
      const body = answer.Body as Readable;
      const chunks = watched(body as AsyncIterable<Buffer>, watch);
      async function* hashed(): AsyncGenerator<Buffer> {
        for await (const chunk of chunks) {
          hash.update(chunk);
          yield chunk;
        }
      }
      await pipeline(hashed, createWriteStream(file, { mode: 0o600 }), { signal: watch.signal }).finally(() =>
        body.destroy(),
      );
      const actual = hash.digest('hex');
      if (actual !== object.sha256) throw damaged(key, `its SHA-256 is ${actual}, not ${object.sha256}`, false);
      return object;
    });

  return {
    prefix,
    place,
    head,
    async putOnce(key, file, order) {
      await requireSize(requireOwn(key), file, order.size);
      return put(key, file, order);
    },
    async get(key, file) {
      try {
        return await run('get', requireOwn(key), () => fetchOnce(key, file));
      } catch (error) {
        await rm(file, { force: true });
        throw error;
      }
    },
    async list(start) {
      const found: ListedObject[] = [];
      for (let token: string | undefined; ;) {
        const query = {
          Bucket,
          Prefix: requireOwn(start),
          ...(token === undefined ? {} : { ContinuationToken: token }),
        };
        const page = await run('list', start, () =>
          within(({ signal }) => client.send(new ListObjectsV2Command(query), { abortSignal: signal })),
        );
        for (const { Key: key = '', Size: size = 0, LastModified: time = new Date(0) } of page.Contents ?? [])
          found.push({ key, size, storedAt: time.toISOString() });
        token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
        if (token === undefined) return found.sort((a, b) => (a.key < b.key ? -1 : 1));
      }
    },
    async delete(keys) {
      for (let at = 0; at < keys.length; at += LARGEST_DELETE) {
        const Objects = keys.slice(at, at + LARGEST_DELETE).map((key) => ({ Key: requireOwn(key) }));
        await run('delete', Objects[0]?.Key ?? '', async () => {
          const command = new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } });
          const { Errors = [] } = await within(({ signal }) => client.send(command, { abortSignal: signal }));
          const refused = Errors.filter(({ Code }) => Code !== 'NoSuchKey');
          const [first] = refused;
          if (first !== undefined) throw new Error(`${refused.length} refused, ${first.Key}: ${first.Code}`);
        });
      }
    },
    close() {
      client.destroy();
      return Promise.resolve();
    },
  };
}

async function requireSize(key: string, file: string, size: number): Promise<void> {
  const actual = (await stat(file)).size;
  if (actual === size && size <= LARGEST_PUT_BYTES) return;
  const why = actual === size ? 'the storage takes 5 GiB at most' : `it has ${String(actual)} bytes`;
  throw new RerailError('invalid-input', `${file} of ${String(size)} bytes cannot be put as ${key}: ${why}`, {
    remedy: 'Give the size of the file as it is, up to 5 GiB.',
    nonRetryable: true,
  });
}

async function sendFile(
  client: S3Client,
  at: { Bucket: string; Key: string },
  file: string,
  { sha256, size, metadata }: PutOrder,
  watch: IdleWatch,
): Promise<'created'> {
  const checksum = Buffer.from(sha256, 'hex').toString('base64');
  const body = Readable.from(watched(createReadStream(file) as AsyncIterable<Buffer>, watch), { objectMode: false });
  let unreadable: unknown;
  body.on('error', (error) => (unreadable ??= error));
  const command = new PutObjectCommand({
    ...at,
    Body: body,
    ContentLength: size,
    ContentType: 'application/octet-stream',
    ChecksumSHA256: checksum,
    IfNoneMatch: '*',
    Metadata: { ...metadata, sha256 },
  });
  // Signed with the request: also a storage that knows no checksums refuses bytes that changed on the way.
  command.middlewareStack.add(
    (next) => (args) => {
      (args.request as { headers: Record<string, string> }).headers['x-amz-content-sha256'] = sha256;
      return next(args);
    },
    { step: 'build', name: 'signPayload' },
  );
  try {
    const answer = await client.send(command, { abortSignal: watch.signal });
    if (answer.ChecksumSHA256 !== undefined && answer.ChecksumSHA256 !== checksum)
      throw new Error(`the storage answers with the SHA-256 ${hexOf(answer.ChecksumSHA256)}, not ${sha256}`);
    return 'created';
  } catch (error) {
    throw unreadable ?? error;
  } finally {
    body.destroy();
  }
}
