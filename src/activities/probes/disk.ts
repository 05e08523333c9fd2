import { statfs } from 'node:fs/promises';
import { judge, type LookAt } from './look.ts';

const DEFAULT_MAX_PERCENT = 90;

export const lookAtDisk: LookAt<'disk'> = async (spec) => {
  const { path, minFreeBytes, minFreeInodes } = spec;
  const { bavail, bfree, blocks, bsize, ffree, files } = await statfs(path);
  const isOpen = minFreeBytes === undefined && minFreeInodes === undefined;
  const maxPercent = spec.maxPercent ?? (isOpen ? DEFAULT_MAX_PERCENT : undefined);
  const used = blocks - bfree;
  // As df counts: what is kept for root is neither used nor free.
  const percent = used + bavail === 0 ? 0 : (used / (used + bavail)) * 100;
  return judge(
    [
      { what: `${path} used`, value: percent, unit: '%', max: maxPercent },
      ...(minFreeBytes === undefined
        ? []
        : [{ what: `${path} free`, value: bavail * bsize, unit: 'bytes', min: minFreeBytes }]),
      // Some file systems make inodes as they are needed, and count none.
      ...(minFreeInodes === undefined || files === 0
        ? []
        : [{ what: `${path} free`, value: ffree, unit: 'inodes', min: minFreeInodes }]),
    ],
    'resource_exhaustion',
  );
};
