import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openExecutionFolder, removeOldExecutions } from '../../src/activities/commands/execution-folder.ts';
import { runCommand, type RunCommandDeps } from '../../src/activities/commands/run-command.ts';
import { FailureSchema } from '../../src/domain/failure.schema.ts';
import type { CommandOperation, OperationResult } from '../../src/domain/operation.ts';
import { isRunning } from '../support/processes.ts';
import { failure } from '../support/rejection.ts';

let root: string;
let workspace: string;
let executions: string;
const children: ChildProcess[] = [];
const strayPids: number[] = [];

beforeEach(() => {
  root = realpathSync(mkdtempSync(path.join(tmpdir(), 'rerail-commands-')));
  workspace = path.join(root, 'workspace');
  executions = path.join(root, 'executions');
  mkdirSync(workspace);
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const pid of strayPids.splice(0)) {
    if (isRunning(pid)) process.kill(pid, 'SIGKILL');
  }
  rmSync(root, { recursive: true, force: true });
});

const at = (name: string): string => path.join(workspace, name);
const read = (name: string): string => (existsSync(at(name)) ? readFileSync(at(name), 'utf8') : '');
const lines = (name: string): string[] =>
  read(name)
    .split('\n')
    .filter((line) => line !== '');

let keys = 0;
const nextKey = (): string => `key-${(keys += 1)}`;

function run(
  argv: string[],
  more: Partial<CommandOperation> = {},
  key = nextKey(),
  deps: Partial<RunCommandDeps> = {},
): Promise<OperationResult> {
  const operation: CommandOperation = { kind: 'command', argv, workspace, ...more };
  return runCommand(
    { operation, key },
    { folder: executions, heartbeat: () => undefined, interruption: () => undefined, ...deps },
  );
}

const shell = (script: string): string[] => ['sh', '-c', script];
const node = (script: string): string[] => [process.execPath, '-e', script];

async function until<T>(look: () => T | undefined | false | '', what: string): Promise<T> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const found = look();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** A file name is put in whole by `mv`, so that no half-written number is read. */
const recordPid = (name: string): string => `echo $$ > ${name}.part; mv ${name}.part ${name}`;

async function pidIn(name: string): Promise<number> {
  const pid = Number(await until(() => read(name).trim(), name));
  strayPids.push(pid);
  return pid;
}

/** A command that says that it runs, waits for the file `go` and then leaves its effect. */
const waiting = (more = ''): string[] =>
  shell(
    `echo x >> begun; ${recordPid('pid')}; ${more} while [ ! -e go ]; do sleep 0.02; done; echo done >> effects; echo over`,
  );

async function supervisorPid(key: string): Promise<number> {
  const folder = await openExecutionFolder(executions, key);
  const file = path.join(folder.path(), 'supervisor.json');
  return until(
    () => existsSync(file) && (JSON.parse(readFileSync(file, 'utf8')) as { pid: number }).pid,
    'the supervisor',
  );
}

describe('a command that ends', () => {
  test('gives what it printed', async () => {
    const result = await run(shell('echo out; echo err >&2'));
    expect(result).toMatchObject({ exitCode: 0, stdout: 'out\n', stderr: 'err\n', truncated: false });
    expect(result.durationMs).toBeGreaterThanOrEqual(0);
    expect(result).not.toHaveProperty('output');
  });

  test('gives the words as they are, with no shell between', async () => {
    const words = ['$HOME', 'a b', '*', '"', "'", ';ls', '', '\n', 'ü'];
    expect(
      JSON.parse(
        (await run([...node('console.log(JSON.stringify(process.argv.slice(1)))'), '--', ...words])).stdout ?? '',
      ),
    ).toEqual(words);
  });

  test('runs in the workspace, or in a directory of it', async () => {
    mkdirSync(at('sub'));
    expect((await run(['pwd'])).stdout).toBe(`${workspace}\n`);
    expect((await run(['pwd'], { cwd: 'sub' })).stdout).toBe(`${at('sub')}\n`);
  });

  test('has no standard input to wait for', async () => {
    expect((await run(['cat'])).stdout).toBe('');
  });

  test.each([
    ['an object', '{"a":[1,null]}', { a: [1, null] }],
    ['a number', '7', 7],
    ['null', 'null', null],
  ])('gives %s that it wrote to RERAIL_OUTPUT', async (_what, text, output) => {
    expect((await run(shell(`printf '%s' '${text}' > "$RERAIL_OUTPUT"`))).output).toEqual(output);
  });

  test('a secret in RERAIL_OUTPUT is masked', async () => {
    process.env['RERAIL_TEST_OUTPUT_SECRET'] = 'correct horse battery';
    try {
      const script = `printf '{"login":["%s"]}' "$TOKEN" > "$RERAIL_OUTPUT"`;
      const { output } = await run(shell(script), { secretEnv: { TOKEN: 'env:RERAIL_TEST_OUTPUT_SECRET' } });
      expect(JSON.stringify(output)).not.toContain('correct horse');
      expect(output).toEqual({ login: [expect.stringContaining('redacted')] });
    } finally {
      delete process.env['RERAIL_TEST_OUTPUT_SECRET'];
    }
  });

  test('an empty RERAIL_OUTPUT is none', async () => {
    expect(await run(shell(': > "$RERAIL_OUTPUT"'))).not.toHaveProperty('output');
  });

  test.each([
    ['what is not JSON', 'echo nope > "$RERAIL_OUTPUT"', 'what is not JSON'],
    ['too much', 'head -c 70000 /dev/zero | tr "\\0" 1 > "$RERAIL_OUTPUT"', '70000 bytes'],
  ])('%s in RERAIL_OUTPUT is a failure that no retry heals', async (_what, script, message) => {
    const error = await failure(run(shell(script)));
    expect(error).toMatchObject({
      code: 'command-failed',
      nonRetryable: true,
      remedy: expect.stringContaining('65536'),
    });
    expect(error.message).toContain(`wrote to RERAIL_OUTPUT ${message}`);
  });
});

describe('a command that fails', () => {
  test('tells the exit code, the last line and what it printed', async () => {
    const error = await failure(run(shell('echo out; echo first >&2; echo last >&2; exit 3')));
    expect(error).toMatchObject({
      code: 'command-failed',
      nonRetryable: false,
      details: { exitCode: 3, stdout: 'out\n', stderr: 'first\nlast\n', truncated: false },
    });
    expect(error.message).toMatch(/^sh -c .* ended with exit code 3: last$/);
  });

  test('its details fit the report of a failure', async () => {
    for (const script of ['exit 1', 'kill -9 $$']) {
      const { message, code, details } = await failure(run(shell(script)));
      const { truncated: _truncated, ...rest } = details;
      expect(FailureSchema.safeParse({ target: 'a/b', message, code, ...rest }).error?.issues).toBeUndefined();
    }
  });

  test('tells the signal that killed it', async () => {
    const error = await failure(run(shell('kill -9 $$')));
    expect(error.message).toContain('was killed by SIGKILL: it printed nothing');
    expect(error.details).toMatchObject({ signal: 'SIGKILL' });
  });

  test('is not retried under the same key: the record of the failure is the answer', async () => {
    const key = nextKey();
    const argv = shell('echo x >> effects; exit 1');
    await failure(run(argv, {}, key));
    await failure(run(argv, {}, key));
    expect(lines('effects')).toHaveLength(1);
  });

  test('cannot be started, though it is there', async () => {
    writeFileSync(at('odd'), '#!/no/such/interpreter\n', { mode: 0o755 });
    const error = await failure(run(['./odd']));
    expect(error).toMatchObject({
      code: 'command-failed',
      message: expect.stringMatching(/^\.\/odd could not be started: .*ENOENT/),
    });
  });

  test.each([['rerail-no-such-command'], ['./nope'], ['sub']])('%s is not found', async (word) => {
    mkdirSync(at('sub'));
    const error = await failure(run([word]));
    expect(error).toMatchObject({
      code: 'command-not-found',
      nonRetryable: true,
      message: expect.stringContaining(`"${word}"`),
    });
  });

  test.each([['..'], ['/etc'], ['link']])('the working directory %s is outside of the workspace', async (cwd) => {
    symlinkSync('/etc', at('link'));
    const error = await failure(run(shell(`touch ${at('effect')}`), { cwd }));
    expect(error).toMatchObject({ code: 'path-outside-workspace', nonRetryable: true });
    expect(existsSync(at('effect'))).toBe(false);
  });

  test('a working directory that is not there is invalid input', async () => {
    expect(await failure(run(['pwd'], { cwd: 'none' }))).toMatchObject({
      code: 'invalid-input',
      message: expect.stringContaining('ENOENT'),
    });
  });
});

describe('the environment', () => {
  const environment = async (more: Partial<CommandOperation> = {}) => {
    const { stdout = '' } = await run(node('console.log(JSON.stringify(Object.keys(process.env).sort()))'), more);
    return JSON.parse(stdout) as string[];
  };
  afterEach(() => {
    delete process.env['RERAIL_TEST_SECRET'];
  });

  test('is the allow-list and what the command is given', async () => {
    process.env['RERAIL_TEST_SECRET'] = 'hidden';
    const names = await environment({ env: { MINE: '1' } });
    const allowed = [
      'HOME',
      'LANG',
      'LC_ALL',
      'LC_CTYPE',
      'LOGNAME',
      'MINE',
      'PATH',
      'RERAIL_KEY',
      'RERAIL_OUTPUT',
      'TMPDIR',
      'TZ',
      'USER',
    ];
    expect(names.filter((name) => !allowed.includes(name))).toEqual([]);
    expect(names).toEqual(expect.arrayContaining(['MINE', 'PATH', 'RERAIL_KEY', 'RERAIL_OUTPUT']));
  });

  test('passes on a name that is allowed', async () => {
    process.env['RERAIL_TEST_SECRET'] = 'hidden';
    expect(await environment({ envAllow: ['RERAIL_TEST_SECRET', 'RERAIL_TEST_UNSET'] })).toContain(
      'RERAIL_TEST_SECRET',
    );
  });

  test('tells the command its key', async () => {
    expect((await run(shell('echo "$RERAIL_KEY"'), {}, 'the/key')).stdout).toBe('the/key\n');
  });

  test.each(['env:RERAIL_TEST_SECRET', 'file'])(
    'a secret by %s reaches the command and is masked in what it prints, also across chunks',
    async (reference) => {
      const secret = 'correct horse battery';
      process.env['RERAIL_TEST_SECRET'] = secret;
      writeFileSync(path.join(root, 'secret'), `${secret}\n`);
      const script = `
      const s = process.env.TOKEN;
      require('fs').writeFileSync('seen', s);
      process.stdout.write('a ' + s.slice(0, 7));
      setTimeout(() => { process.stdout.write(s.slice(7) + ' z\\n'); console.error(s); process.exit(Number(process.env.END)); }, 50);`;
      const more = { secretEnv: { TOKEN: reference === 'file' ? `file:${path.join(root, 'secret')}` : reference } };
      const result = await run(node(script), { ...more, env: { END: '0' } });
      expect(read('seen')).toBe(secret);
      expect(result).toMatchObject({ stdout: 'a [redacted] z\n', stderr: '[redacted]\n' });
      const error = await failure(run(node(script), { ...more, env: { END: '1' } }));
      expect(JSON.stringify([error.message, error.details])).not.toContain('horse');
      for (const file of readdirSync(executions, { recursive: true, withFileTypes: true }).filter((entry) =>
        entry.isFile(),
      )) {
        expect(readFileSync(path.join(file.parentPath, file.name), 'utf8'), file.name).not.toContain('horse');
      }
    },
  );

  test('a secret that the bound would cut in two is not shown in part', async () => {
    process.env['RERAIL_TEST_SECRET'] = 'correct-horse-battery-staple';
    const script = `process.stdout.write(process.env.TOKEN.repeat(20000)); process.exitCode = 1`;
    const { details } = await failure(run(node(script), { secretEnv: { TOKEN: 'env:RERAIL_TEST_SECRET' } }));
    expect(details['stdout']).not.toMatch(/correct|horse|battery|staple/);
  });

  test.each(['env:RERAIL_TEST_NONE', 'file:/nonexistent/secret'])(
    'without its secret %s nothing is run',
    async (reference) => {
      const error = await failure(run(shell('echo x >> effects'), { secretEnv: { TOKEN: reference } }));
      expect(error).toMatchObject({
        code: 'secret-not-found',
        nonRetryable: true,
        message: expect.stringContaining(reference),
      });
      expect(lines('effects')).toEqual([]);
    },
  );
});

describe('output', () => {
  test('of 10 MB is kept to its end, in whole lines', async () => {
    const script = `const line = 'x'.repeat(99) + '\\n'; for (let i = 0; i < 1000; i++) process.stdout.write(line.repeat(105)); process.stdout.write('the end\\n')`;
    const { stdout = '', truncated } = await run(node(script));
    expect(truncated).toBe(true);
    expect(stdout.length).toBeLessThanOrEqual(8192);
    expect(stdout.length).toBeGreaterThan(8000);
    expect(stdout.startsWith('x'.repeat(99))).toBe(true);
    expect(stdout.endsWith('\nthe end\n')).toBe(true);
  });

  test('in one endless line is kept to its end', async () => {
    const { stdout = '' } = await run(
      node(`for (let i = 0; i < 100; i++) process.stdout.write('y'.repeat(100000)); process.stdout.write('end')`),
    );
    expect(stdout.length).toBeLessThanOrEqual(8192);
    expect(stdout.endsWith('yend')).toBe(true);
  });

  test('that is no UTF-8 does no harm', async () => {
    expect((await run(shell("printf '\\377\\376ok'"))).stdout).toContain('ok');
  });
});

describe('a time-out', () => {
  test('kills the whole group, also a grandchild that ignores SIGTERM and holds no pipe', async () => {
    const script = `(trap '' TERM; sh -c '${recordPid('grandchild')}; exec sleep 300') >/dev/null 2>&1 & ${recordPid('child')}; wait`;
    const error = await failure(run(shell(script), { timeout: '500ms' }));
    expect(error).toMatchObject({
      code: 'command-timeout',
      nonRetryable: false,
      message: expect.stringContaining('did not end within 500ms'),
    });
    for (const name of ['child', 'grandchild']) expect(isRunning(await pidIn(name)), name).toBe(false);
  });

  test('kills a command that ignores SIGTERM', async () => {
    const error = await failure(
      run(shell(`trap '' TERM; ${recordPid('child')}; while :; do sleep 0.05; done`), { timeout: '300ms' }),
    );
    expect(error.code).toBe('command-timeout');
    expect(isRunning(await pidIn('child'))).toBe(false);
  });

  test('lets a command that heeds SIGTERM say its last words', async () => {
    const error = await failure(
      run(shell(`trap 'echo bye; exit 0' TERM; while :; do sleep 0.02; done`), { timeout: '300ms' }),
    );
    expect(error).toMatchObject({ code: 'command-timeout', details: { stdout: 'bye\n' } });
  });
});

test('what a command leaves running ends with it, and does not keep it from ending', async () => {
  const result = await run(
    shell(`sh -c '${recordPid('left')}; exec sleep 300' & while [ ! -e left ]; do sleep 0.01; done; echo over`),
  );
  expect(result.stdout).toBe('over\n');
  expect(isRunning(await pidIn('left'))).toBe(false);
});

describe('the same key', () => {
  test('is done once, and the second answer is the first', async () => {
    const key = nextKey();
    const argv = shell('echo x >> effects; date +%N; printf 5 > "$RERAIL_OUTPUT"');
    const first = await run(argv, {}, key);
    expect(await run(argv, {}, key)).toEqual(first);
    expect(lines('effects')).toHaveLength(1);
    expect(first.output).toBe(5);
  });

  test('is done once by many who ask at the same time', async () => {
    const key = nextKey();
    const argv = shell('echo x >> effects; sleep 0.2; date +%N');
    const results = await Promise.all(Array.from({ length: 5 }, () => run(argv, {}, key)));
    expect(lines('effects')).toHaveLength(1);
    expect(new Set(results.map(({ stdout }) => stdout)).size).toBe(1);
  });

  test('another key does it again', async () => {
    for (let i = 0; i < 2; i++) await run(shell('echo x >> effects'));
    expect(lines('effects')).toHaveLength(2);
  });

  test('a key may be any text', async () => {
    expect((await run(['true'], {}, '../../ü\n/'.repeat(50))).exitCode).toBe(0);
  });
});

describe('a killed worker', () => {
  const WORKER = fileURLToPath(new URL('command-worker.mjs', import.meta.url));
  const startWorker = (key: string, argv: string[]): ChildProcess => {
    const child = spawn(
      process.execPath,
      [WORKER, executions, key, JSON.stringify({ kind: 'command', argv, workspace })],
      { stdio: ['ignore', 'inherit', 'inherit'] },
    );
    children.push(child);
    return child;
  };

  test('leaves its command running, and the next one waits for that: the effect happens once', async () => {
    const key = nextKey();
    const worker = startWorker(key, waiting());
    const pid = await pidIn('pid');
    worker.kill('SIGKILL');
    await once(worker, 'exit');
    expect(isRunning(pid)).toBe(true);

    const adopted = run(waiting(), {}, key);
    writeFileSync(at('go'), '');
    expect(await adopted).toMatchObject({ exitCode: 0, stdout: 'over\n' });
    expect(lines('begun')).toHaveLength(1);
    expect(lines('effects')).toHaveLength(1);
  });

  test('whose command has ended meanwhile leaves its answer', async () => {
    const key = nextKey();
    const worker = startWorker(key, waiting());
    const pid = await pidIn('pid');
    worker.kill('SIGKILL');
    await once(worker, 'exit');
    writeFileSync(at('go'), '');
    await until(() => !isRunning(pid), 'the end of the command');
    expect((await run(waiting(), {}, key)).stdout).toBe('over\n');
    expect(lines('begun')).toHaveLength(1);
  });

  test('at any moment does not lose or double the effect', async () => {
    for (let round = 0; round < 12; round++) {
      const key = nextKey();
      const argv = shell(`echo ${key} >> effects; sleep 0.05`);
      const worker = startWorker(key, argv);
      // Moments spread from before the supervisor's start until after the command's end, each a condition.
      const moment = [
        () => true as const,
        () => existsSync(executions) && readdirSync(executions).length > round,
        () => lines('effects').includes(key),
      ][round % 3];
      await until(moment ?? (() => true), 'the moment to kill');
      worker.kill('SIGKILL');
      await once(worker, 'exit');
      expect((await run(argv, {}, key)).exitCode).toBe(0);
      expect(lines('effects').filter((line) => line === key)).toHaveLength(1);
    }
  });
});

describe('a killed supervisor', () => {
  async function cutOff(
    key: string,
    more: Partial<CommandOperation> = {},
  ): Promise<{ pid: number; work: Promise<OperationResult> }> {
    const work = run(waiting(), more, key);
    work.catch(() => undefined);
    const pid = await pidIn('pid');
    rmSync(at('pid'));
    process.kill(await supervisorPid(key), 'SIGKILL');
    return { pid, work };
  }

  test('has its command run again in a new generation, never beside the old one', async () => {
    const key = nextKey();
    const { pid, work } = await cutOff(key);
    const again = await pidIn('pid');
    expect(again).not.toBe(pid);
    expect(isRunning(pid)).toBe(false);
    writeFileSync(at('go'), '');
    expect((await work).stdout).toBe('over\n');
    expect(lines('begun')).toHaveLength(2);
    expect(lines('effects')).toHaveLength(1);
    expect((await openExecutionFolder(executions, key)).generation()).toBe(2);
  });

  test('cuts off a command that must not run twice', async () => {
    const key = nextKey();
    const { pid, work } = await cutOff(key, { idempotent: false });
    const error = await failure(work);
    expect(error).toMatchObject({
      code: 'command-interrupted',
      nonRetryable: true,
      message: expect.stringContaining('may have done a part'),
    });
    expect(isRunning(pid)).toBe(false);
    expect(await failure(run(waiting(), { idempotent: false }, key))).toMatchObject({ code: 'command-interrupted' });
    expect(lines('begun')).toHaveLength(1);
  });

  test('is found by what it carries where nobody has written down what was started', async () => {
    const key = nextKey();
    const work = run(waiting(), { idempotent: false }, key);
    work.catch(() => undefined);
    const pid = await pidIn('pid');
    const folder = await openExecutionFolder(executions, key);
    await until(() => existsSync(path.join(folder.path(), 'command.json')), 'the record');
    rmSync(path.join(folder.path(), 'command.json'));
    process.kill(await supervisorPid(key), 'SIGKILL');
    expect(await failure(work)).toMatchObject({ code: 'command-interrupted' });
    expect(isRunning(pid)).toBe(false);
  });

  test('that had no time to record itself whole does not block the command', async () => {
    const key = nextKey();
    const folder = await openExecutionFolder(executions, key);
    writeFileSync(path.join(folder.path(), 'supervisor.json.99999'), '{"pid"');
    expect((await run(shell('echo x >> effects'), {}, key)).exitCode).toBe(0);
    expect(lines('effects')).toHaveLength(1);
  });
});

describe('an interruption', () => {
  test.each([
    ['kills the command', false],
    ['does not begin again what lost its supervisor', true],
  ])('by cancellation %s', async (_, lost) => {
    const key = nextKey();
    let cancelled = false;
    const work = run(waiting(), {}, key, { interruption: () => (cancelled ? 'cancelled' : undefined) });
    work.catch(() => undefined);
    const pid = await pidIn('pid');
    if (lost) process.kill(await supervisorPid(key), 'SIGKILL');
    cancelled = true;
    expect(await failure(work)).toMatchObject({
      code: 'command-interrupted',
      nonRetryable: true,
      message: expect.stringMatching(/was cancelled$/),
    });
    expect(isRunning(pid)).toBe(false);
    expect(lines('begun')).toHaveLength(1);
    expect(lines('effects')).toEqual([]);
  });

  test('by cancellation before its start starts nothing', async () => {
    const work = run(waiting(), {}, nextKey(), { interruption: () => 'cancelled' });
    expect(await failure(work)).toMatchObject({ message: expect.stringMatching(/was cancelled$/) });
    expect(lines('begun')).toEqual([]);
  });

  test('by shutdown leaves it running for the next worker', async () => {
    const key = nextKey();
    let down = false;
    const work = run(waiting(), {}, key, { interruption: () => (down ? 'shutdown' : undefined) });
    work.catch(() => undefined);
    const pid = await pidIn('pid');
    down = true;
    await expect(work).rejects.toThrow('this worker shuts down');
    expect(isRunning(pid)).toBe(true);
    const next = run(waiting(), {}, key);
    writeFileSync(at('go'), '');
    expect((await next).stdout).toBe('over\n');
    expect(lines('begun')).toHaveLength(1);
  });

  test('beats while it waits, and says in which generation', async () => {
    const beats: unknown[] = [];
    const work = run(waiting(), {}, nextKey(), { heartbeat: (details) => beats.push(details) });
    await pidIn('pid');
    await until(() => beats.length > 2, 'heartbeats');
    writeFileSync(at('go'), '');
    await work;
    expect(beats[0]).toEqual({ generation: 1 });
  });
});

test('records of commands that ended long ago are removed, others stay', async () => {
  await run(['true'], {}, 'old');
  await run(['true'], {}, 'new');
  const old = path.dirname((await openExecutionFolder(executions, 'old')).path());
  appendFileSync(path.join(executions, '.keep'), '');
  utimesSync(old, new Date(0), new Date(0));
  expect(await removeOldExecutions(executions, 86_400_000, Date.now())).toBe(1);
  expect(existsSync(old)).toBe(false);
  expect(existsSync((await openExecutionFolder(executions, 'new')).path())).toBe(true);
  expect(await removeOldExecutions(path.join(root, 'none'), 1, Date.now())).toBe(0);
});
