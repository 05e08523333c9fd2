import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { ensureS3Server } from '../../scripts/lib/test-tools.ts';
import { findFreePort } from '../../src/embedded/ports.ts';

const START_LIMIT_MS = 20_000;

export const S3_CREDENTIALS = { accessKeyId: 'replica-tests', secretAccessKey: 'a-secret-that-no-message-may-show' };

export interface S3Server {
  endpoint: string;
  port: number;
  /** Where an object of a bucket is on the disk. */
  fileOf(bucket: string, key: string): string;
  createBucket(bucket: string): Promise<void>;
  stop(): Promise<void>;
  start(): Promise<void>;
  /** Stops it and removes what it stored. */
  close(): Promise<void>;
}

async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const answered = await once(socket, 'connect').then(
    () => true,
    () => false,
  );
  socket.destroy();
  return answered;
}

/** A real S3 server of this machine's own, with its objects as files below a temporary directory. */
export async function startS3Server(): Promise<S3Server> {
  const binary = await ensureS3Server((line) => void process.stderr.write(`${line}\n`));
  const directory = await mkdtemp(join(tmpdir(), 'rerail-s3-'));
  const root = join(directory, 'buckets');
  const sidecar = join(directory, 'metadata');
  for (const path of [root, sidecar]) await mkdir(path);
  const port = await findFreePort();
  const endpoint = `http://127.0.0.1:${String(port)}`;
  let child: ChildProcess | undefined;

  const start = async (): Promise<void> => {
    let output = '';
    const running = spawn(
      binary,
      ['--port', `127.0.0.1:${String(port)}`, '--quiet', 'posix', '--sidecar', sidecar, root],
      {
        env: {
          PATH: process.env['PATH'],
          ROOT_ACCESS_KEY_ID: S3_CREDENTIALS.accessKeyId,
          ROOT_SECRET_ACCESS_KEY: S3_CREDENTIALS.secretAccessKey,
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    child = running;
    for (const stream of [running.stdout, running.stderr])
      stream.on('data', (text: Buffer) => (output += text.toString()));
    for (const until = Date.now() + START_LIMIT_MS; !(await isListening(port)); await delay(50)) {
      if (running.exitCode !== null || Date.now() > until) throw new Error(`The S3 server does not start: ${output}`);
    }
  };
  const stop = async (): Promise<void> => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  };
  const killAtExit = (): void => void child?.kill('SIGKILL');
  process.once('exit', killAtExit);
  await start();
  return {
    endpoint,
    port,
    fileOf: (bucket, key) => join(root, bucket, key),
    async createBucket(Bucket) {
      const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials: S3_CREDENTIALS });
      await client.send(new CreateBucketCommand({ Bucket }));
      client.destroy();
    },
    stop,
    start,
    async close() {
      await stop();
      process.removeListener('exit', killAtExit);
      await rm(directory, { recursive: true, force: true });
    },
  };
}
