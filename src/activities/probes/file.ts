import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { isRerailError } from '../../domain/errors.ts';
import { resolveInside } from '../../process/inside.ts';
import { rootOf, type LookAt } from './look.ts';

const CONTENT_LIMIT = 1024 * 1024;

async function digest(file: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file, { signal })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

export const lookAtFile: LookAt<'file'> = async (spec, { signal }, probe) => {
  const { path: given, exists, sha256, contains } = spec;
  const file = await resolveInside(rootOf(probe), given, 'path').catch((error: unknown) => {
    if (isRerailError(error) && error.code === 'invalid-input') return undefined;
    throw error;
  });
  if (file === undefined) return { passed: !exists, observed: 'not there' };
  if (!exists) return { passed: false, observed: 'it is there' };
  const found = await stat(file);
  // Nothing but a regular file is opened: a pipe would keep the probe waiting for ever.
  if (!found.isFile() && (sha256 !== undefined || contains !== undefined))
    return { passed: false, observed: 'not a regular file' };
  if (sha256 !== undefined) {
    const hash = await digest(file, signal);
    return { passed: hash === sha256, observed: `sha256 ${hash}` };
  }
  if (contains === undefined) return { passed: true, observed: `there, ${found.size} bytes` };
  if (found.size > CONTENT_LIMIT) return { passed: false, observed: `${found.size} bytes are too many to search` };
  const has = (await readFile(file, 'utf8')).includes(contains);
  return { passed: has, observed: `${has ? 'contains' : 'lacks'} ${JSON.stringify(contains)}` };
};
