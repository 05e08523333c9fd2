import { chmod, copyFile, cp, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { RerailError } from '../../../domain/errors.ts';
import { runProcess } from '../../../process/run-process.ts';
import { inside, isThere, placeOf, type Faults } from './fault.ts';

type Kind = 'writeFile' | 'deleteFile' | 'flipBit' | 'permissionDenied' | 'componentDisabled';

async function keep(file: string, kept: string): Promise<void> {
  if ((await isThere(file)) && !(await isThere(kept)))
    await cp(file, kept, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
}

async function putBack(file: string, kept: string): Promise<void> {
  await rm(file, { recursive: true, force: true });
  if (await isThere(kept)) await cp(kept, file, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
}

/** Flips it in what was kept, so that a second try does not flip it back. */
async function flipBit(file: string, kept: string): Promise<void> {
  if (!(await isThere(kept))) await copyFile(file, kept);
  const bytes = await readFile(kept);
  if (bytes.length === 0) {
    throw new RerailError('invalid-input', `${file} is empty: there is no bit to flip`, {
      remedy: 'Give the file some content.',
      nonRetryable: true,
    });
  }
  const at = Math.floor(bytes.length / 2);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  await writeFile(file, bytes);
}

/** The only bar that binds root as well. */
async function setImmutable(file: string, sign: '+i' | '-i'): Promise<void> {
  const env = { PATH: process.env['PATH'] ?? '' };
  const { exitCode, stderr } = await runProcess({ argv: ['chattr', sign, '--', file], env, timeoutMs: 10_000 });
  if (exitCode === 0) return;
  throw new RerailError('setup-failed', `root cannot be kept from writing ${file}: ${stderr}`, {
    remedy: 'Run the worker as another user, or keep its data directory on a file system with attributes (ext4, xfs).',
    nonRetryable: true,
  });
}

const isRoot = (): boolean => process.getuid?.() === 0;

export const FILE_FAULTS: Faults<Kind> = {
  writeFile: {
    async inject({ path: name, content }, context) {
      const file = path.join(context.place.work, name);
      await mkdir(path.dirname(file), { recursive: true });
      await placeOf(context, name);
      if (!context.begun) await keep(file, context.kept);
      await writeFile(file, content);
    },
    takeBack: async ({ path: name }, context) => putBack(await placeOf(context, name), context.kept),
  },
  deleteFile: {
    async inject({ path: name }, context) {
      const file = await placeOf(context, name);
      await keep(file, context.kept);
      await rm(file, { recursive: true, force: context.begun });
    },
    takeBack: async ({ path: name }, context) => putBack(await placeOf(context, name), context.kept),
  },
  flipBit: {
    inject: async ({ path: name }, context) => flipBit(await inside(context, name), context.kept),
    takeBack: async ({ path: name }, context) => putBack(await placeOf(context, name), context.kept),
  },
  permissionDenied: {
    async inject({ path: name }, context) {
      const file = await inside(context, name);
      if (!context.begun) await writeFile(context.kept, String((await stat(file)).mode));
      if (isRoot()) await setImmutable(file, '+i');
      else await chmod(file, 0);
    },
    async takeBack({ path: name }, context) {
      const file = await placeOf(context, name);
      if (!(await isThere(file))) return;
      if (isRoot()) await setImmutable(file, '-i');
      else await chmod(file, Number(await readFile(context.kept, 'utf8')) & 0o7777);
    },
  },
  componentDisabled: {
    async inject({ path: name }, context) {
      const file = await placeOf(context, name);
      if (context.begun && (await isThere(context.kept))) return;
      await rename(file, context.kept);
    },
    async takeBack({ path: name }, context) {
      const file = await placeOf(context, name);
      if ((await isThere(context.kept)) && !(await isThere(file))) await rename(context.kept, file);
    },
  },
};
