import { Readable } from 'node:stream';
import { RerailError } from '../../domain/errors.ts';
import { createByteReader } from './byte-reader.ts';
import type { ByteReader } from './byte-reader.ts';
import { gitFailed, startGit } from './git-command.ts';
import type { GitRepository } from './git-command.ts';

export interface StoredObject {
  /** Object id or revision, as it was asked for. */
  name: string;
  oid: string;
  type: string;
  size: number;
  content: AsyncIterable<Uint8Array>;
}

export interface ObjectVisitor {
  object(object: StoredObject): Promise<void>;
  /** Missing, or damaged: then `object` may have been called and its content ended with an error. */
  damaged(name: string, why: string): Promise<void> | void;
}

/** Thrown into the reader of a content that ends early; the visitor's `damaged` is called right after. */
const cutOff = (name: string): RerailError =>
  new RerailError('checkpoint-corrupt', `Stored object ${name} cannot be read to its end`, { nonRetryable: true });

const LOOKS_DAMAGED =
  /corrupt|inflate|bad |invalid|unable to (read|stream|unpack)|mismatch|premature|too short|cannot be accessed/i;
/** Then git has not even looked at the object. */
const MISCONFIGURED = /bad (numeric |boolean )?config |config value/i;

/** Streams objects in the order asked. git dies at a damaged one: reading then goes on behind it in a new process. */
export async function readObjects(
  repository: GitRepository,
  names: readonly string[],
  visitor: ObjectVisitor,
): Promise<void> {
  let next = 0;
  while (next < names.length) next += await readRun(repository, names.slice(next), visitor);
}

/** Returns how many of the names are dealt with. */
async function readRun(repository: GitRepository, names: readonly string[], visitor: ObjectVisitor): Promise<number> {
  const args = ['cat-file', '--batch', '--buffer'];
  const running = startGit(repository, args);
  const reader = createByteReader(running.stdout);
  const requests = Readable.from(batches(names));
  requests.pipe(running.stdin);
  try {
    for (const [index, name] of names.entries()) {
      if (await readOne(reader, name, visitor)) continue;
      const result = await running.ended;
      if (result.exitCode === 0 || !LOOKS_DAMAGED.test(result.stderr) || MISCONFIGURED.test(result.stderr))
        throw gitFailed(repository, args, result);
      await visitor.damaged(name, result.stderr.split('\n')[0] ?? '');
      return index + 1;
    }
    return names.length;
  } finally {
    requests.destroy();
    running.stdin.destroy();
    running.stdout.destroy();
    running.kill();
    await running.ended.catch(() => undefined);
  }
}

function* batches(names: readonly string[]): Generator<string> {
  for (let at = 0; at < names.length; at += 500) yield names.slice(at, at + 500).join('\n') + '\n';
}

/** False when git stopped at this object. */
async function readOne(reader: ByteReader, name: string, visitor: ObjectVisitor): Promise<boolean> {
  const head = await reader.line();
  if (head === undefined) return false;
  if (head.endsWith(' missing') || head.endsWith(' ambiguous')) {
    await visitor.damaged(name, 'it is missing');
    return true;
  }
  const [oid = '', type = '', size = '0'] = head.split(' ');
  let cut = false;
  async function* whole(): AsyncGenerator<Uint8Array> {
    yield* reader.take(Number(size));
    if (reader.left() === 0) return;
    cut = true;
    throw cutOff(name);
  }
  try {
    await visitor.object({ name, oid, type, size: Number(size), content: whole() });
  } catch (error) {
    if (cut) return false;
    throw error;
  }
  return (await reader.skip()) && (await reader.line()) !== undefined;
}

/** For small things: the whole bytes of each object, undefined for a damaged one. */
export async function readSmallObjects(
  repository: GitRepository,
  names: readonly string[],
): Promise<Map<string, { type: string; oid: string; bytes: Buffer } | { problem: string }>> {
  const found = new Map<string, { type: string; oid: string; bytes: Buffer } | { problem: string }>();
  await readObjects(repository, names, {
    async object({ name, type, oid, content }) {
      const chunks: Uint8Array[] = [];
      for await (const chunk of content) chunks.push(chunk);
      found.set(name, { type, oid, bytes: Buffer.concat(chunks) });
    },
    damaged(name, why) {
      found.set(name, { problem: why });
    },
  });
  return found;
}
