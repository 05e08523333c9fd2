import { fileURLToPath } from 'node:url';

/** Of a file below dist. Run from source, as tests do, the built program is used: Node 20 does not run TypeScript. */
export const builtProgram = (file: string): string =>
  fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? `../../../dist/${file}` : `../../${file}`, import.meta.url));

/** The command line, for `node`. */
export const RERAIL = builtProgram('cli/main.js');
