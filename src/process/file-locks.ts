import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { RerailError } from '../domain/errors.ts';
import { isAlive, processIdentity } from './process-identity.ts';
import type { ProcessIdentity } from './process-identity.ts';

type Kind = 'shared' | 'exclusive';

export interface FileLocks {
  /** Many at once, never beside an exclusive holder. */
  shared<T>(work: () => Promise<T>): Promise<T>;
  /** Waits for the others to leave, and new ones wait for it. */
  exclusive<T>(work: () => Promise<T>): Promise<T>;
  /** The same when nobody is there; undefined, without a wait, when somebody is. */
  whenAlone<T>(work: () => Promise<T>): Promise<{ result: T } | undefined>;
}

const WAIT_MS = 10 * 60 * 1000;

/**
 * All that a lock says is in its name: an empty file can be made on a disk that is full, which a sweep is to free, and no
 * reader ever sees half of it.
 */
export function lockName(kind: Kind, { pid, startTime, bootId, host }: ProcessIdentity): string {
  const holder = [String(pid), startTime, bootId, host].map(encodeURIComponent);
  return [`${kind}-${randomBytes(8).toString('hex')}`, ...holder].join('@');
}

/** Undefined for a file that was not made by `lockName`. */
function holderOf(name: string): ProcessIdentity | undefined {
  const [pid, startTime, bootId, host] = name.split('@').slice(1).map(decodeURIComponent);
  if (pid === undefined || startTime === undefined || bootId === undefined || host === undefined) return undefined;
  return { pid: Number(pid), startTime, bootId, host };
}

/**
 * Node has no flock. Each holder has a file of its own; it is written first and the others are looked at
 * after, so that of two that meet at least one sees the other. Files of dead holders are removed by whoever finds them.
 */
export function createFileLocks(directory: string): FileLocks {
  const enter = async (kind: Kind): Promise<string> => {
    const name = lockName(kind, processIdentity());
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await writeFile(join(directory, name), '', { flag: 'wx' });
    return name;
  };
  const leave = (name: string): Promise<void> => rm(join(directory, name), { force: true });

  const others = async (own: string): Promise<string[]> => {
    const living: string[] = [];
    for (const name of await readdir(directory)) {
      if (name === own) continue;
      const path = join(directory, name);
      if (isAlive(holderOf(name), path)) living.push(name);
      else await rm(path, { force: true });
    }
    return living;
  };

  const acquire = async (kind: Kind): Promise<string> => {
    const until = Date.now() + WAIT_MS;
    let own = await enter(kind);
    for (;;) {
      const present = await others(own);
      const exclusives = present.filter((name) => name.startsWith('exclusive'));
      if (kind === 'shared' ? exclusives.length === 0 : present.length === 0) return own;
      // A sharer steps back before an exclusive one; of two of those the one with the lower name stays.
      const yields = kind === 'shared' || exclusives.some((name) => name < own);
      if (yields) await leave(own);
      if (Date.now() > until) {
        await leave(own);
        throw new RerailError('target-locked', `${directory} stayed locked by ${present.join(', ')}`, {
          remedy: 'Wait for the process that holds it, or end it.',
        });
      }
      await delay(5 + Math.random() * 20);
      if (yields) own = await enter(kind);
    }
  };

  const within = async <T>(kind: Kind, work: () => Promise<T>): Promise<T> => {
    const own = await acquire(kind);
    try {
      return await work();
    } finally {
      await leave(own);
    }
  };

  return {
    shared: (work) => within('shared', work),
    exclusive: (work) => within('exclusive', work),
    async whenAlone(work) {
      const own = await enter('exclusive');
      try {
        return (await others(own)).length === 0 ? { result: await work() } : undefined;
      } finally {
        await leave(own);
      }
    },
  };
}
