import { createHash } from 'node:crypto';
import { closeSync, openSync, readFileSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { failure } from './failure.mjs';
import { root } from './paths.mjs';

const WAIT_LIMIT_MS = 45 * 60_000;
/** A lock without readable content is being written; older than this it was left by a crash in between. */
const TORN_AFTER_MS = 5000;

/** Outside of the tree: `npm ci` empties node_modules, and nothing else of the tree is free of git's eyes. */
function lockPath() {
  const digest = createHash('sha256').update(root).digest('hex').slice(0, 16);
  return join(tmpdir(), `rerail-setup-${userInfo().uid}-${digest}.lock`);
}

/** Start time of a process on Linux, so that a reused pid is not taken for the holder; empty elsewhere. */
function startOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return '';
  }
}

const identityOf = (pid) => ({ pid, start: startOf(pid) });

function lives({ pid, start }) {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (error.code !== 'EPERM') return false;
  }
  return start === startOf(pid);
}

function readHolder(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

/** For `npm ci`, which goes on when a set-up is killed, and would fight with the next one over node_modules. */
export function recordChild(pid) {
  writeFileSync(lockPath(), JSON.stringify({ ...identityOf(process.pid), child: identityOf(pid) }), { mode: 0o600 });
}

async function endOrphan({ child }) {
  for (const signal of ['SIGTERM', 'SIGKILL']) {
    for (let tries = 0; tries < 50 && lives(child); tries += 1) {
      if (tries === 0) process.kill(child.pid, signal);
      await sleep(100);
    }
  }
}

function isStale(path) {
  const holder = readHolder(path);
  if (holder) return !lives(holder);
  try {
    return Date.now() - statSync(path).mtimeMs > TORN_AFTER_MS;
  } catch {
    return false;
  }
}

function tryTake(path) {
  try {
    const file = openSync(path, 'wx', 0o600);
    writeSync(file, JSON.stringify(identityOf(process.pid)));
    closeSync(file);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}

/** Two set-ups of one tree at once: the second waits, and then finds nothing left to do. */
export async function withSetupLock(task) {
  const path = lockPath();
  const deadline = Date.now() + WAIT_LIMIT_MS;
  for (let announced = 0; !tryTake(path); await sleep(200)) {
    if (isStale(path)) {
      process.stderr.write('An earlier set-up was cut short; it is done again.\n');
      const holder = readHolder(path);
      if (holder?.child) await endOrphan(holder);
      rmSync(path, { force: true });
      continue;
    }
    const pid = readHolder(path)?.pid ?? 'unknown';
    if (Date.now() - announced > 15_000) {
      process.stderr.write(`Waiting for another set-up of this tree (pid ${pid}).\n`);
      announced = Date.now();
    }
    if (Date.now() > deadline) {
      throw failure(`the set-up with pid ${pid} does not come to an end`, `Stop it, or delete ${path}.`);
    }
  }
  const release = () => rmSync(path, { force: true });
  process.once('exit', release);
  try {
    return await task();
  } finally {
    process.removeListener('exit', release);
    release();
  }
}
