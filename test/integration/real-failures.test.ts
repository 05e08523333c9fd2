import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, open, readFile, rm, unlink, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  ChildWorkflowFailure,
  RetryState,
  TerminatedFailure,
  TimeoutFailure,
  TimeoutType,
} from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FailureSchema } from '../../src/domain/failure.schema.ts';
import type { Failure } from '../../src/domain/failure.ts';
import { classify } from '../../src/planner/classify.ts';
import { failureFromError } from '../../src/telemetry/failure-from-error.ts';

let folder: string;
let server: Server;
let url: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'rerail-real-'));
  server = createServer((request, response) => {
    const [, status = '200', wait] = (request.url ?? '').split('/');
    if (status === 'never') return;
    if (status === 'broken') return void request.socket.destroy();
    response.writeHead(Number(status), wait ? { 'retry-after': decodeURIComponent(wait) } : {}).end('no');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true, force: true });
});

const write = async (name: string, text: string): Promise<string> => {
  const file = path.join(folder, name);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, text);
  return file;
};

/** What a process that fails rejects with. */
async function failing(command: string, args: string[], cwd = folder): Promise<unknown> {
  const env = { PATH: process.env['PATH'], HOME: folder, GIT_CONFIG_NOSYSTEM: '1', LC_ALL: 'C', NO_COLOR: '1' };
  return new Promise((resolve, reject) => {
    execFile(command, args, { cwd, env, timeout: 60_000 }, (error, stdout, stderr) => {
      if (error) resolve(Object.assign(error, { stdout, stderr }));
      else reject(new Error(`${command} ${args.join(' ')} worked`));
    });
  });
}
const node = async (text: string, name = 'main.mjs', ...flags: string[]): Promise<unknown> =>
  failing(process.execPath, [...flags, await write(name, text)]);

async function thrown(work: () => unknown): Promise<unknown> {
  try {
    await work();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

const toFailure = (error: unknown): Failure =>
  FailureSchema.parse({ target: 'release/web', ...failureFromError(error) });
const kindOf = (error: unknown): string => {
  const { category, type } = classify(toFailure(error));
  return `${category} ${type}`;
};

describe('processes', () => {
  test.each([
    ['invalid syntax', 'const = 1', 'main.mjs', 'VALIDATION unknown'],
    ['a missing module', "import './gone.mjs'", 'main.mjs', 'LOGIC module'],
    ['a missing package', "require('gone')", 'main.cjs', 'LOGIC module'],
    ['a circular structure', 'const a = {}; a.a = a; JSON.stringify(a)', 'main.mjs', 'LOGIC unknown'],
    ['a BigInt in JSON', 'JSON.stringify({ a: 1n })', 'main.mjs', 'LOGIC unknown'],
    ['a failing assertion', "import a from 'node:assert'; a.equal(1, 2)", 'main.mjs', 'LOGIC test_failure'],
    ['a missing parameter', "import { readFileSync } from 'node:fs'; readFileSync()", 'main.mjs', 'VALIDATION unknown'],
    ['Ctrl-C', "process.kill(process.pid, 'SIGINT'); setInterval(() => {}, 1000)", 'main.mjs', 'VALIDATION command'],
    ['exit status 130', 'process.exit(130)', 'main.mjs', 'VALIDATION command'],
    ['SIGTERM', "process.kill(process.pid, 'SIGTERM'); setInterval(() => {}, 1000)", 'main.mjs', 'TRANSIENT unknown'],
    ['exit status 143', 'process.exit(143)', 'main.mjs', 'TRANSIENT unknown'],
    ['an out-of-memory kill', "process.kill(process.pid, 'SIGKILL')", 'main.mjs', 'RESOURCE resource_exhaustion'],
    ['exit status 137', 'process.exit(137)', 'main.mjs', 'RESOURCE resource_exhaustion'],
    ['a crash', "process.kill(process.pid, 'SIGSEGV')", 'main.mjs', 'LOGIC crashed'],
    ['exit status 139', 'process.exit(139)', 'main.mjs', 'LOGIC crashed'],
  ])('%s', async (what, text, name, kind) => {
    expect(kindOf(await node(text, `${what.replaceAll(/\W+/g, '-')}/${name}`))).toBe(kind);
  });

  test('modules that need each other in a circle', async () => {
    await write('circle/b.mjs', "import { a } from './a.mjs'; export const b = a;");
    expect(kindOf(await node("import { b } from './b.mjs'; export const a = b;", 'circle/a.mjs'))).toBe(
      'LOGIC dependency',
    );
  });

  test('node --test', async () => {
    const text = "import test from 'node:test'; test('adds', () => { throw new Error('no') })";
    expect(kindOf(await node(text, 'own.test.mjs', '--test'))).toBe('LOGIC test_failure');
  });

  test('a command that is not there', async () => {
    expect(kindOf(await failing('no-such-command-here', []))).toBe('VALIDATION command');
  });

  test('tsc and prettier', async () => {
    const bin = path.resolve('node_modules/.bin');
    const file = await write('typed.ts', "const   a: number = 'x';\n");
    expect(kindOf(await failing(path.join(bin, 'prettier'), ['--check', file]))).toBe('VALIDATION quality_gate');
    expect(kindOf(await failing(path.join(bin, 'tsc'), ['--noEmit', '--noLib', '--ignoreConfig', file]))).toBe(
      'VALIDATION quality_gate',
    );
  });

  test('its exit status, signal and output are read', async () => {
    expect(toFailure(await node("console.log('so'); console.error('why'); process.exit(7)"))).toMatchObject({
      exitCode: 7,
      stdout: 'so\n',
      stderr: 'why\n',
    });
    expect(toFailure(await node("process.kill(process.pid, 'SIGKILL')"))).toMatchObject({ signal: 'SIGKILL' });
  });
});

describe('git', () => {
  const git = (...args: string[]): Promise<unknown> =>
    failing('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args], path.join(folder, 'repository'));
  const good = (...args: string[]): Promise<void> =>
    new Promise((resolve, reject) => {
      execFile(
        'git',
        ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args],
        { cwd: path.join(folder, 'repository'), env: { PATH: process.env['PATH'], HOME: folder } },
        (error) => (error ? reject(new Error(error.message)) : resolve()),
      );
    });
  beforeAll(async () => {
    await mkdir(path.join(folder, 'repository'));
    await good('init', '-q', '-b', 'main');
    await write('repository/a.txt', 'one');
    await good('add', '.');
    await good('commit', '-qm', 'one');
    await good('clone', '-q', '--bare', '.', '../remote.git');
  });

  test('no repository', async () => {
    expect(kindOf(await failing('git', ['-C', '/', 'status']))).toBe('LOGIC git');
  });

  test('a lock, an unknown revision, a bad object', async () => {
    await write('repository/.git/index.lock', '');
    expect(kindOf(await git('add', '.'))).toBe('LOGIC git');
    await unlink(path.join(folder, 'repository/.git/index.lock'));
    expect(kindOf(await git('log', 'nope'))).toBe('LOGIC git');
    expect(kindOf(await git('show', '1234567890123456789012345678901234567890'))).toBe('LOGIC git');
  });

  test('a conflict, a refused push, a detached HEAD', async () => {
    await good('checkout', '-qb', 'other');
    await write('repository/a.txt', 'two');
    await good('commit', '-qam', 'two');
    await good('push', '-q', '../remote.git', 'HEAD:main');
    await good('checkout', '-q', 'main');
    await write('repository/a.txt', 'three');
    await good('commit', '-qam', 'three');
    expect(kindOf(await git('push', '../remote.git', 'main'))).toBe('LOGIC git');
    expect(kindOf(await git('merge', 'other'))).toBe('LOGIC git');
    await good('merge', '--abort');
    await good('checkout', '-q', '--detach');
    expect(kindOf(await git('push', '-u', '../remote.git'))).toBe('LOGIC git');
  });
});

describe('files', () => {
  test('a full disk and a file of somebody else', async () => {
    const full = await thrown(async () => {
      const file = await open('/dev/full', 'w');
      await file.write('x').finally(() => file.close());
    });
    expect(toFailure(full)).toMatchObject({ code: 'ENOSPC' });
    expect(kindOf(full)).toBe('RESOURCE resource_exhaustion');
    expect(kindOf(await thrown(() => readFile(path.join(folder, 'gone'))))).toBe('VALIDATION unknown');
    const closed = await write('closed', 'x');
    await chmod(closed, 0);
    // The superuser may read everything, but not start what has no x bit.
    expect(kindOf(await failing(closed, []))).toBe('SECURITY unknown');
  });
});

describe('network', () => {
  test('a refused socket, alone and as one of several addresses', async () => {
    const closed = createServer().listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const { port } = closed.address() as AddressInfo;
    closed.close();
    await once(closed, 'close');
    const refused = await thrown(async () => once(connect({ port, host: '127.0.0.1' }), 'connect'));
    expect(toFailure(refused).code).toBe('ECONNREFUSED');
    expect(kindOf(refused)).toBe('TRANSIENT network');
    const all = new AggregateError([refused, new Error('odd')], 'no address answered');
    expect(classify(toFailure(all))).toMatchObject({ type: 'network', rule: expect.stringContaining('cause 2') });
    const fetched = await thrown(() => fetch(`http://127.0.0.1:${port}`));
    expect(toFailure(fetched)).toMatchObject({ errorName: 'TypeError', causes: [{ code: 'ECONNREFUSED' }] });
    expect(kindOf(fetched)).toBe('TRANSIENT network');
  });

  test('a broken answer, a time limit, a cancellation', async () => {
    expect(kindOf(await thrown(() => fetch(`${url}/broken`)))).toBe('TRANSIENT network');
    expect(kindOf(await thrown(() => fetch(`${url}/never`, { signal: AbortSignal.timeout(5) })))).toBe(
      'TRANSIENT timeout',
    );
    expect(kindOf(await thrown(() => fetch(`${url}/never`, { signal: AbortSignal.abort() })))).toBe(
      'VALIDATION unknown',
    );
  });

  const answered = async (route: string): Promise<unknown> => {
    const response = await fetch(url + route);
    return Object.assign(new Error(`answered ${response.status}`), { response });
  };

  test.each([
    [401, 'SECURITY unknown'],
    [404, 'VALIDATION api_failure'],
    [429, 'EXTERNAL rate_limit'],
    [503, 'EXTERNAL api_failure'],
    [504, 'TRANSIENT timeout'],
  ])('HTTP %s', async (status, kind) => {
    const error = await answered(`/${status}`);
    expect(toFailure(error).httpStatus).toBe(status);
    expect(kindOf(error)).toBe(kind);
  });

  test('Retry-After, in seconds and as a date', async () => {
    expect(toFailure(await answered('/429/17')).retryAfter).toBe('17s');
    const date = new Date(Date.now() + 60_000).toUTCString();
    const wait = toFailure(await answered(`/503/${encodeURIComponent(date)}`)).retryAfter;
    expect(Number.parseInt(wait ?? '', 10)).toBeGreaterThan(50);
    expect(Number.parseInt(wait ?? '', 10)).toBeLessThanOrEqual(60);
    expect(toFailure(await answered(`/503/${encodeURIComponent('Sat, 01 Jan 2000 00:00:00 GMT')}`)).retryAfter).toBe(
      '0s',
    );
    expect(toFailure(await answered('/503/soon'))).not.toHaveProperty('retryAfter');
  });
});

describe('values and parameters', () => {
  const circle: Record<string, unknown> = {};
  circle['self'] = circle;
  test.each([
    ['a circle in JSON', () => JSON.stringify(circle), 'LOGIC unknown'],
    ['a BigInt in JSON', () => JSON.stringify({ a: 1n }), 'LOGIC unknown'],
    ['a function that is cloned', () => structuredClone(() => 1), 'LOGIC unknown'],
    ['broken JSON', () => JSON.parse('{') as unknown, 'VALIDATION unknown'],
    ['a missing argument', (): unknown => createRequire(import.meta.url)(undefined as never), 'VALIDATION command'],
    ['an unknown option', () => parseArgs({ args: ['--nope'], options: {} }), 'VALIDATION command'],
    [
      'recursion without end',
      function again(): unknown {
        return [again()];
      },
      'LOGIC unknown',
    ],
  ])('%s', async (_what, work, kind) => {
    expect(kindOf(await thrown(work))).toBe(kind);
  });
});

describe('Temporal', () => {
  const activity = (cause: Error): ActivityFailure =>
    new ActivityFailure('Activity task failed', 'charge', '1', RetryState.MAXIMUM_ATTEMPTS_REACHED, 'w', cause);

  test.each([
    [
      'an ApplicationFailure with our code',
      activity(ApplicationFailure.create({ message: 'x', type: 'command-not-found' })),
      'VALIDATION command',
    ],
    [
      'an ApplicationFailure around an errno',
      activity(
        ApplicationFailure.create({ message: 'x', cause: Object.assign(new Error('y'), { code: 'ECONNRESET' }) }),
      ),
      'TRANSIENT network',
    ],
    [
      'a start-to-close time-out',
      activity(new TimeoutFailure('activity StartToClose timeout', undefined, TimeoutType.START_TO_CLOSE)),
      'TRANSIENT timeout',
    ],
    [
      'a heartbeat time-out',
      activity(new TimeoutFailure('activity Heartbeat timeout', undefined, TimeoutType.HEARTBEAT)),
      'TRANSIENT timeout',
    ],
    [
      'a schedule-to-start time-out',
      activity(new TimeoutFailure('activity ScheduleToStart timeout', undefined, TimeoutType.SCHEDULE_TO_START)),
      'EXTERNAL timeout',
    ],
    ['a cancellation', activity(new CancelledFailure('Activity cancelled')), 'VALIDATION unknown'],
    [
      'a termination of a child',
      new ChildWorkflowFailure(
        'default',
        { workflowId: 'w', runId: 'r' },
        'pay',
        RetryState.NON_RETRYABLE_FAILURE,
        new TerminatedFailure('terminated'),
      ),
      'VALIDATION unknown',
    ],
  ])('%s', (_what, error, kind) => {
    expect(kindOf(error)).toBe(kind);
  });

  test('exit status, output and waits in the details of our own failures are read', () => {
    const details = [{ retryable: true, details: { exitCode: 3, stdout: 'o', stderr: 'e', retryAfterMs: 1500 } }];
    const failure = activity(ApplicationFailure.create({ message: 'm', type: 'command-failed', details }));
    expect(toFailure(failure)).toMatchObject({ exitCode: 3, stdout: 'o', stderr: 'e', retryAfter: '2s' });
    const later = ApplicationFailure.create({ message: 'm', nextRetryDelay: '7s' });
    expect(toFailure(later).retryAfter).toBe('7s');
  });
});
