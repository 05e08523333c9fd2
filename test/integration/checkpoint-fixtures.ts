import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCheckpointActivities } from '../../src/activities/checkpoints/create-checkpoint-activities.ts';
import type { CheckpointActivities } from '../../src/activities/checkpoints/create-checkpoint-activities.ts';
import type { CheckpointDependencies } from '../../src/activities/checkpoints/checkpoint-context.ts';
import type { RestoreInput } from '../../src/activities/checkpoints/prepare-restore.ts';
import type { CheckpointInfo } from '../../src/domain/checkpoint.ts';
import { newId } from '../../src/domain/ids.ts';
import type { RestoreOptions } from '../../src/domain/rollback.schema.ts';
import { createGitStore } from '../../src/store/git-store/create-git-store.ts';
import type { CheckpointStore } from '../../src/store/checkpoint-store.ts';
import { nodeCommand, projectRoot } from '../support/node-command.ts';

export const isRoot = process.geteuid?.() === 0;

export interface Bench {
  directory: string;
  root: string;
  storePath: string;
  dataDir: string;
  close(): void;
}

export function makeBench(): Bench {
  const directory = mkdtempSync(join(tmpdir(), 'rerail-cp-'));
  const root = join(directory, 'work');
  mkdirSync(root);
  return {
    directory,
    root,
    storePath: join(directory, 'store'),
    dataDir: join(directory, 'data'),
    close() {
      execFileSync('chmod', ['-R', 'u+rwX', directory]);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

export async function openActivities(
  bench: Bench,
  more: Partial<CheckpointDependencies> = {},
): Promise<CheckpointActivities & { store: CheckpointStore }> {
  const failpoint = more.failpoint;
  const store = await createGitStore({ path: bench.storePath, ...(failpoint === undefined ? {} : { failpoint }) });
  const { storePath, dataDir } = bench;
  return {
    ...createCheckpointActivities({
      openStore: () => Promise.resolve(store),
      storePath,
      dataDir,
      host: 'here',
      ...more,
    }),
    store,
  };
}

export function makeInfo(id: string = newId('cp')): CheckpointInfo {
  return { id, name: 'test', type: 'manual', subject: 'release/web', description: '', tags: [], success: true };
}

export function restoreOrder(
  checkpointId: string,
  options: Partial<RestoreOptions> = {},
  backupId: string | null = newId('cp'),
): RestoreInput {
  const backup = backupId === null ? null : { id: backupId, info: makeInfo(backupId) };
  return { checkpointId, backup, options: { createBackup: backup !== null, dryRun: false, force: false, ...options } };
}

/** Bytes rather than text: a name that no UTF-8 text can have. */
export const oddName = (root: string, name: Buffer): Buffer => Buffer.concat([Buffer.from(`${root}/`), name]);
export const NOT_UTF8 = Buffer.from([0x66, 0xff, 0xfe, 0x6f]);

/** One of everything that a tree can hold. */
export function fillTree(root: string): void {
  const at = (path: string): string => join(root, path);
  for (const path of ['src/deep/er', 'empty', 'closed', 'sub/.git/hooks', '.git', 'node_modules/x', 'a b'])
    mkdirSync(at(path), { recursive: true });
  writeFileSync(at('src/one.txt'), 'one\n');
  writeFileSync(at('src/crlf.txt'), 'a\nb\r\nc\n');
  writeFileSync(at('.gitattributes'), '* text=auto eol=crlf\n*.bin -text\n');
  writeFileSync(at('.gitignore'), 'ignored.log\n');
  writeFileSync(at('ignored.log'), 'kept all the same');
  writeFileSync(at('src/deep/er/blob.bin'), Buffer.from([0, 1, 2, 255, 10, 13, 0]));
  writeFileSync(at('empty-file'), '');
  writeFileSync(at('large.bin'), Buffer.alloc(5_000_000, 'large '));
  writeFileSync(at('sub/.git/config'), '[core]\n\tbare = false\n');
  writeFileSync(at('sub/.git/hooks/pre-commit'), '#!/bin/sh\n');
  writeFileSync(at('.git/excluded'), 'not ours');
  writeFileSync(at('node_modules/x/index.js'), 'not ours');
  writeFileSync(at('a b/new\nline and  spaces'), 'odd name');
  writeFileSync(oddName(root, NOT_UTF8), 'not utf-8');
  writeFileSync(at('set-id'), '#!/bin/sh\n');
  writeFileSync(at('read-only'), 'r');
  writeFileSync(at('linked-1'), 'linked');
  linkSync(at('linked-1'), at('src/linked-2'));
  linkSync(at('linked-1'), at('linked-3'));
  symlinkSync('nowhere/at/all', at('dangling'));
  symlinkSync('src', at('to-dir'));
  symlinkSync(Buffer.from([0x78, 0xfe]), at('to-odd'));
  chmodSync(at('src/one.txt'), 0o640);
  chmodSync(at('set-id'), 0o4755);
  chmodSync(at('read-only'), 0o444);
  chmodSync(at('src/deep'), 0o2775);
  if (isRoot) chmodSync(at('closed'), 0o000);
  execFileSync('touch', ['-d', '@1234567890.123456789', at('src/one.txt'), at('empty')]);
  execFileSync('touch', ['-h', '-d', '@1111111111.987654321', at('dangling')]);
  execFileSync('touch', ['-d', '@-5.25', at('empty-file')]);
  utimesSync(at('read-only'), 1000, 2000);
  lutimesSync(at('to-dir'), 1000, 3000);
}

/** Changes of every kind against `fillTree`. */
export function disturbTree(root: string): void {
  const at = (path: string): string => join(root, path);
  writeFileSync(at('src/one.txt'), 'ONE\n');
  chmodSync(at('set-id'), 0o755);
  rmSync(at('empty'), { recursive: true });
  rmSync(at('src/deep'), { recursive: true });
  writeFileSync(at('src/deep'), 'a file where a directory was');
  rmSync(at('large.bin'));
  mkdirSync(at('large.bin/with/more'), { recursive: true });
  writeFileSync(at('large.bin/with/more/inside'), 'a directory where a file was');
  writeFileSync(at('stray'), 'stray');
  mkdirSync(at('strays/below'), { recursive: true });
  writeFileSync(at('strays/below/one'), 'stray');
  rmSync(at('dangling'));
  symlinkSync('src/one.txt', at('dangling'));
  rmSync(at('to-dir'));
  writeFileSync(at('to-dir'), 'a file where a link was');
  rmSync(at('linked-3'));
  writeFileSync(at('linked-3'), 'linked');
  rmSync(oddName(root, NOT_UTF8));
  writeFileSync(at('node_modules/x/index.js'), 'changed, and none of our business');
  writeFileSync(at('.git/excluded'), 'changed, and none of our business');
  execFileSync('touch', ['-d', '@1600000000.000000001', at('read-only')]);
}

const EXCLUDED = /^(\.git|node_modules)(\/|$)/;

/** The tree as `find` and this file see it: shares no code with what is tested. */
export function snapshot(root: string, options: { all?: boolean } = {}): string[] {
  const run = spawnSync('find', [root, '-mindepth', '1', '-printf', '%P\\0%y\\0%m\\0%U:%G\\0%T@\\0%l\\0%n\\0%i\\0'], {
    encoding: 'latin1',
    maxBuffer: 1 << 28,
  });
  if (run.status !== 0) throw new Error(run.stderr);
  const fields = run.stdout.split('\0');
  const rows: string[][] = [];
  for (let at = 0; at + 8 <= fields.length; at += 8) rows.push(fields.slice(at, at + 8));
  rows.sort((a, b) => ((a[0] ?? '') < (b[0] ?? '') ? -1 : 1));
  const firstOf = new Map<string, string>();
  return rows.flatMap(([path = '', type, mode, owner, time, link, links, ino = '']) => {
    if (options.all !== true && EXCLUDED.test(path)) return [];
    if (!firstOf.has(ino)) firstOf.set(ino, path);
    const bytes =
      type === 'f'
        ? createHash('sha256')
            .update(readFileSync(oddName(root, Buffer.from(path, 'latin1'))))
            .digest('hex')
        : '';
    const group = type === 'f' && links !== '1' ? (firstOf.get(ino) ?? '') : '';
    return [[path, type, mode, owner, time, link, group, bytes].join(' | ')];
  });
}

export interface ChildOrder {
  bench: Omit<Bench, 'close'>;
  capture?: Parameters<CheckpointActivities['captureCheckpoint']>[0];
  restore?: RestoreInput;
  /** Where the child is killed, and at which time of passing there. */
  failpoint: string;
  passing?: number;
}

/** Runs an activity in a process of its own, which is killed with SIGKILL at the failpoint. Returns its signal. */
export function runAndKill(order: ChildOrder): string | null {
  const [command, ...args] = nodeCommand(new URL('checkpoint-child.ts', import.meta.url), JSON.stringify(order));
  const run = spawnSync(command, args, { cwd: projectRoot, encoding: 'utf8' });
  if (run.signal === null) throw new Error(`The child was not killed: ${run.stdout} ${run.stderr}`);
  return run.signal;
}

/** One wrong bit in a file of the store; the same once more mends it. */
export function flip(path: string, offset: number): void {
  chmodSync(path, 0o600);
  const file = openSync(path, 'r+');
  const byte = Buffer.alloc(1);
  readSync(file, byte, 0, 1, offset);
  writeSync(file, Buffer.from([(byte[0] ?? 0) ^ 0x10]), 0, 1, offset);
  closeSync(file);
}
