import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url)).replace(/\/$/, '');
export const inRoot = (...parts) => join(root, ...parts);

/** The same default as src/config/settings.ts, needed before that can be loaded. */
export const cacheDir = () =>
  process.env.RERAIL_CACHE_DIR || join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'rerail');
