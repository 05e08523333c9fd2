import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { commandEnvironment } from '../../../src/process/command-environment.ts';
import { readSecret } from '../../../src/process/read-secret.ts';
import { findCommand } from '../../../src/process/find-command.ts';
import { resolveInside } from '../../../src/process/inside.ts';
import { statOf } from '../../../src/process/proc.ts';
import { runProcess } from '../../../src/process/run-process.ts';
import { cleanUpAfterEach, setEnvironment, temporaryFolder } from '../activities/temporary.ts';

cleanUpAfterEach();

let root: string;
beforeEach(() => {
  root = temporaryFolder();
  for (const name of ['bin', 'bin2', 'work/sub']) mkdirSync(path.join(root, name), { recursive: true });
});
const at = (name: string): string => path.join(root, name);
function program(name: string, mode = 0o755): string {
  writeFileSync(at(name), '#!/bin/sh\n');
  chmodSync(at(name), mode);
  return at(name);
}

describe('findCommand', () => {
  test('takes the first of the directories of PATH', async () => {
    program('bin2/tool');
    expect(await findCommand('tool', at('work'), `${at('bin')}:${at('bin2')}`)).toBe(at('bin2/tool'));
    program('bin/tool');
    expect(await findCommand('tool', at('work'), `${at('bin')}:${at('bin2')}`)).toBe(at('bin/tool'));
  });

  test('passes over what is no executable file', async () => {
    program('bin/tool', 0o644);
    mkdirSync(at('bin/folder'));
    program('bin2/tool');
    const searchPath = `${at('bin')}:${at('bin2')}`;
    expect(await findCommand('tool', at('work'), searchPath)).toBe(at('bin2/tool'));
    await expect(findCommand('folder', at('work'), searchPath)).rejects.toMatchObject({ code: 'command-not-found' });
  });

  test('a word with a slash is relative to the working directory, and not looked up', async () => {
    program('work/tool');
    program('bin/other');
    expect(await findCommand('./tool', at('work'), at('bin'))).toBe(at('work/tool'));
    expect(await findCommand('../bin/other', at('work'), '')).toBe(at('bin/other'));
    expect(await findCommand(at('bin/other'), at('work'), '')).toBe(at('bin/other'));
    await expect(findCommand('./other', at('work'), at('bin'))).rejects.toMatchObject({
      message: expect.stringContaining(`looked at ${at('work/other')}`),
    });
  });

  test('the working directory is not searched, not even for an empty part of PATH', async () => {
    program('work/tool');
    await expect(findCommand('tool', at('work'), `:${at('bin')}:`)).rejects.toMatchObject({
      code: 'command-not-found',
      nonRetryable: true,
      message: `command "tool" is not found or not executable: looked at any directory of PATH (:${at('bin')}:)`,
    });
  });

  test('follows links', async () => {
    program('work/real');
    symlinkSync('../work/real', at('bin/linked'));
    symlinkSync('nowhere', at('bin/dangling'));
    expect(await findCommand('linked', at('work'), at('bin'))).toBe(at('bin/linked'));
    await expect(findCommand('dangling', at('work'), at('bin'))).rejects.toMatchObject({ code: 'command-not-found' });
  });
});

describe('resolveInside', () => {
  test.each([
    ['.', 'work'],
    ['', 'work'],
    ['sub', 'work/sub'],
    ['sub/..', 'work'],
    ['../work/sub', 'work/sub'],
  ])('%j is inside', async (relative, expected) => {
    expect(await resolveInside(at('work'), relative, 'cwd')).toBe(at(expected));
  });

  test('an absolute path and a link count by where they lead', async () => {
    symlinkSync(at('work/sub'), at('work/in'));
    symlinkSync(at('work'), at('alias'));
    expect(await resolveInside(at('work'), at('work/sub'), 'cwd')).toBe(at('work/sub'));
    expect(await resolveInside(at('work'), 'in', 'cwd')).toBe(at('work/sub'));
    expect(await resolveInside(at('alias'), 'sub', 'cwd')).toBe(at('work/sub'));
  });

  test.each(['..', '../bin', 'out', 'out/x', '/etc', '../work2'])('%j is outside', async (relative) => {
    symlinkSync(at('bin'), at('work/out'));
    mkdirSync(at('bin/x'));
    mkdirSync(at('work2'));
    await expect(resolveInside(at('work'), relative, 'cwd')).rejects.toMatchObject({
      code: 'path-outside-workspace',
      nonRetryable: true,
      message: expect.stringMatching(/^cwd: /),
    });
  });

  test('what is not there is invalid input, root or path', async () => {
    symlinkSync('loop', at('work/loop'));
    await expect(resolveInside(at('work'), 'none', 'cwd')).rejects.toMatchObject({
      code: 'invalid-input',
      message: expect.stringContaining('(ENOENT)'),
    });
    await expect(resolveInside(at('none'), '.', 'cwd')).rejects.toMatchObject({ code: 'invalid-input' });
    await expect(resolveInside(at('work'), 'loop', 'cwd')).rejects.toMatchObject({
      code: 'invalid-input',
      message: expect.stringContaining('(ELOOP)'),
    });
  });

  test('everything is inside of /', async () => {
    expect(await resolveInside('/', at('work'), 'cwd')).toBe(at('work'));
  });
});

describe('commandEnvironment', () => {
  test('passes on the allow-list, what is allowed by name, and nothing else', async () => {
    setEnvironment('RERAIL_TEST_A', 'a');
    setEnvironment('RERAIL_TEST_B', 'b');
    setEnvironment('LC_ALL', 'C');
    const { env, secrets } = await commandEnvironment({ envAllow: ['RERAIL_TEST_A', 'RERAIL_TEST_UNSET'] });
    expect(env).toMatchObject({ PATH: process.env['PATH'], LC_ALL: 'C', RERAIL_TEST_A: 'a' });
    expect(env).not.toHaveProperty('RERAIL_TEST_B');
    expect(env).not.toHaveProperty('RERAIL_TEST_UNSET');
    expect(secrets).toEqual([]);
  });

  test('what is given goes before what is inherited, a secret before both', async () => {
    setEnvironment('RERAIL_TEST_A', 'secret');
    const { env, secrets } = await commandEnvironment({
      env: { PATH: '/mine', A: '1', B: '2' },
      secretEnv: { B: 'env:RERAIL_TEST_A' },
    });
    expect(env).toMatchObject({ PATH: '/mine', A: '1', B: 'secret' });
    expect(secrets).toEqual(['secret']);
  });
});

describe('readSecret', () => {
  test('of a file loses one end of line and nothing else', async () => {
    for (const [text, secret] of [
      ['s', 's'],
      ['s\n', 's'],
      ['s\r\n', 's'],
      ['s\n\n', 's\n'],
      [' s ', ' s '],
      ['', ''],
    ] as const) {
      writeFileSync(at('secret'), text);
      expect(await readSecret(`file:${at('secret')}`)).toBe(secret);
    }
  });

  test('of the environment is as it is, also when empty', async () => {
    setEnvironment('RERAIL_TEST_A', 's\n');
    expect(await readSecret('env:RERAIL_TEST_A')).toBe('s\n');
    setEnvironment('RERAIL_TEST_A', '');
    expect(await readSecret('env:RERAIL_TEST_A')).toBe('');
  });

  test('that is missing is named, with what to do', async () => {
    await expect(readSecret('env:RERAIL_TEST_NONE')).rejects.toMatchObject({
      code: 'secret-not-found',
      nonRetryable: true,
      remedy: 'Start the worker with RERAIL_TEST_NONE set.',
    });
    await expect(readSecret(`file:${at('none')}`)).rejects.toMatchObject({
      code: 'secret-not-found',
      message: `secret file:${at('none')} cannot be read (ENOENT)`,
    });
    await expect(readSecret(`file:${root}`)).rejects.toMatchObject({ message: expect.stringContaining('(EISDIR)') });
  });
});

describe('runProcess that leaves nothing', () => {
  const env = { PATH: process.env['PATH'] ?? '' };
  const run = (script: string) =>
    runProcess({ argv: ['/bin/sh', '-c', script], env, timeoutMs: 300, killDelayMs: 100, leavesNothing: true });
  const isGone = async (pid: number) => [undefined, 'Z'].includes((await statOf(pid))?.state);
  /** Each prints the number of what it starts. */
  const stragglers = {
    'of its group that holds the pipes': "(trap '' TERM; sleep 300) & echo $!; wait",
    'that ignores SIGTERM, with no pipe of ours':
      "(trap '' TERM; exec sleep 300 >/dev/null 2>&1) & echo $!; exec sleep 300",
    'of another session': 'setsid sleep 300 >/dev/null 2>&1 & echo $!; exec sleep 300',
    'of another session that holds the pipes': 'setsid sleep 300 & echo $!; exec sleep 300',
  };

  test.each(Object.entries(stragglers))('ends a straggler %s at the time-out', async (_what, script) => {
    const { timedOut, stdout } = await run(script);
    expect(timedOut).toBe(true);
    expect(await isGone(Number(stdout))).toBe(true);
  });

  test.each([
    ['in its group', 'sleep 300 >/dev/null 2>&1 & echo $!; exit 3'],
    ['that holds the pipes', 'sleep 300 & echo $!; exit 3'],
    ['of another session', 'setsid sleep 300 >/dev/null 2>&1 & echo $!; exit 3'],
  ])('ends what a program that ends in time leaves behind %s', async (_what, script) => {
    const { exitCode, timedOut, stdout } = await run(script);
    expect({ exitCode, timedOut }).toEqual({ exitCode: 3, timedOut: false });
    expect(await isGone(Number(stdout))).toBe(true);
  });

  test('says that a program is missing', async () => {
    const missing = runProcess({ argv: ['/no/such/program'], env, timeoutMs: 300, leavesNothing: true });
    await expect(missing).rejects.toMatchObject({ code: 'command-not-found' });
  });
});
