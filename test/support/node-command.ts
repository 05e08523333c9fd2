import { createHash } from 'node:crypto';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';

export const projectRoot = fileURLToPath(new URL('../../', import.meta.url));
// Inside the project, for the packages are resolved from where the file lies.
const folder = join(projectRoot, 'node_modules', '.cache', 'rerail-test');
const bundled = new Map<string, string>();

/** The bundle of one of our TypeScript files: many processes start it, and none of them compiles it again. */
function bundle(file: string): string {
  const known = bundled.get(file);
  if (known !== undefined) return known;
  const { outputFiles } = buildSync({
    entryPoints: [file],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
  });
  const code = outputFiles[0]?.contents ?? new Uint8Array();
  const path = join(folder, `${createHash('sha256').update(code).digest('hex').slice(0, 16)}.mjs`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${path}.${String(process.pid)}`, code);
  renameSync(`${path}.${String(process.pid)}`, path);
  bundled.set(file, path);
  return path;
}

/** argv that runs one of our TypeScript files with this Node. */
export const nodeCommand = (file: URL, ...args: string[]): [string, ...string[]] => [
  process.execPath,
  bundle(fileURLToPath(file)),
  ...args,
];
