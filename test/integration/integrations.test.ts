import type { ChildProcess } from 'node:child_process';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { stopChild, useCli } from '../support/cli.ts';
import { installCli } from '../support/installed-cli.ts';

const at = (file: string): string => fileURLToPath(new URL(`../../integrations/${file}`, import.meta.url));

const cli = useCli();
let worker: ChildProcess;
const run = installCli(cli);

beforeAll(async () => {
  worker = await cli.startWorker();
});
afterAll(() => stopChild(worker));

async function folder(name: string): Promise<string> {
  const full = path.join(cli.root, name);
  await mkdir(full, { recursive: true });
  return full;
}
const FAILS_ONCE = ['sh', '-c', 'test -e flag || { touch flag; exit 7; }'];

describe('the wrapper and the loop', () => {
  it('recover a command that fails, with its exit code', async () => {
    const cwd = await folder('wrapped');
    const env = { RERAIL_TARGET: `dev/wrapped-${cli.unique}`, RERAIL_PLAYBOOK: 'again' };
    const ended = await run([at('bin/rerail-wrap'), '--', ...FAILS_ONCE], cwd, env);
    expect(ended).toMatchObject({ code: EXIT.done });
    expect(ended.stderr).toContain('ended with exit code 7, recovering');
    // Works now: nothing to recover, no command line started.
    expect(await run([at('bin/rerail-wrap'), '--', ...FAILS_ONCE], cwd, { RERAIL: '/nowhere' })).toMatchObject({
      code: 0,
    });
    expect((await run([at('bin/rerail-wrap')], cwd)).code).toBe(EXIT.usage);
  });

  it('begin again until it works, and stop where another round is in vain', async () => {
    const cwd = await folder('looped');
    const env = { RERAIL_TARGET: `dev/looped-${cli.unique}`, RERAIL_PLAYBOOK: 'give-up' };
    const loop = [at('bin/rerail-loop'), '--tries', '3', '--pause', '0', '--'];
    const ended = await run([...loop, ...FAILS_ONCE], cwd, env);
    expect(ended.code).toBe(0);
    expect(ended.stderr).toContain('round 1 of 3 did not help (exit code 3)');
    const fake = (code: number) => ({ RERAIL: `${cwd}/fake`, CODE: String(code) });
    await writeFile(`${cwd}/fake`, '#!/bin/sh\necho called >&2\nexit "$CODE"\n');
    await chmod(`${cwd}/fake`, 0o755);
    const rounds = async (code: number) =>
      [...(await run([...loop, 'false'], cwd, fake(code))).stderr.matchAll(/called/g)].length;
    expect([await rounds(EXIT.unrecovered), await rounds(EXIT.approval)]).toEqual([3, 1]);
  });
});

describe('the hook before a commit', () => {
  it('saves what is there, and keeps no commit back unless told to', async () => {
    const cwd = await folder('repository');
    const git = async (argv: string[], env = {}) =>
      run(['git', '-c', 'user.name=a', '-c', 'user.email=a@b', ...argv], cwd, env);
    await git(['init', '-q', '-b', 'main']);
    await writeFile(path.join(cwd, '.git/hooks/pre-commit'), await readFile(at('pre-commit/checkpoint.sh')));
    await chmod(path.join(cwd, '.git/hooks/pre-commit'), 0o755);
    await writeFile(path.join(cwd, 'file'), 'before');
    await git(['add', '.']);
    const subject = `workspace/hook-${cli.unique}`;
    expect(await git(['commit', '-q', '-m', 'one'], { RERAIL_SUBJECT: subject })).toMatchObject({ code: 0 });
    const list = await cli.json<{ info: { name?: string } }[]>(['checkpoint', 'list', '--subject', subject]);
    expect(JSON.stringify(list)).toContain('before a commit on main');
    expect(list).toHaveLength(1);

    const empty = ['commit', '-q', '--allow-empty', '-m', 'two'];
    const without = await git(empty, { RERAIL: '/nowhere' });
    expect(without.code).toBe(0);
    expect(without.stderr).toContain('no checkpoint was made before this commit');
    expect((await git(empty, { RERAIL: '/nowhere', RERAIL_REQUIRED: '1' })).code).toBe(1);
    const hooks = parse(
      await readFile(fileURLToPath(new URL('../../.pre-commit-hooks.yaml', import.meta.url)), 'utf8'),
    ) as {
      entry: string;
    }[];
    expect(hooks[0]?.entry).toBe('integrations/pre-commit/checkpoint.sh');
  });
});
