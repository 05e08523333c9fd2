import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod } from 'node:fs/promises';
import path from 'node:path';
import { text as readAll } from 'node:stream/consumers';
import { beforeAll } from 'vitest';
import { MAIN, type Ended, type useCli } from './cli.ts';

/** Runs programs that find `rerail` on their PATH, as after `npm install --global`. Registers the hook that puts it there. */
export function installCli(cli: ReturnType<typeof useCli>) {
  let bin = '';
  beforeAll(async () => {
    const file = await cli.file('bin/rerail', `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' "$@"\n`);
    await chmod(file, 0o755);
    bin = path.dirname(file);
  });
  return async function run(argv: string[], cwd: string, env: NodeJS.ProcessEnv = {}): Promise<Ended> {
    const [program = '', ...words] = argv;
    const { environment } = cli;
    const child = spawn(program, words, {
      cwd,
      env: { ...environment, PATH: `${bin}:${environment['PATH'] ?? ''}`, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const closed = once(child, 'close') as Promise<[number | null]>;
    const [stdout, stderr, [code]] = await Promise.all([readAll(child.stdout), readAll(child.stderr), closed]);
    return { code, stdout, stderr };
  };
}
