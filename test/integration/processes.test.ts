import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createProcessActivities } from '../../src/activities/processes/create-process-activities.ts';
import { listProcessNames, lookAtRun, openProcessFolder } from '../../src/activities/processes/process-folder.ts';
import { runProbe } from '../../src/activities/probes/run-probe.ts';
import { isDead, statOf } from '../../src/process/proc.ts';
import { processIdentity } from '../../src/process/process-identity.ts';
import { endTree, treeOf } from '../../src/process/process-tree.ts';
import { until } from '../support/until.ts';
import { failure } from '../support/rejection.ts';
import { cleanUpAfterEach, setEnvironment, temporaryFolder } from '../unit/activities/temporary.ts';

cleanUpAfterEach();

let root: string;
let folder: string;
let step = 0;
let execution = 'recovery/process/web/1';
beforeEach(() => {
  root = temporaryFolder();
  folder = join(root, 'processes');
});
/** Whatever a test leaves, also a failed one, is found by its token. */
afterEach(async () => {
  for (const name of await listProcessNames(folder))
    for (const { spec } of await (await openProcessFolder(folder, name)).runs())
      expect(await endTree({ token: spec.token }, { signal: 'SIGKILL', timeoutMs: 0 })).toEqual([]);
});

const activities = (key?: string) =>
  createProcessActivities({
    folder,
    runProbe,
    keys: () => ({ execution, step: key ?? `${execution}/${(step += 1)}` }),
    signal: () => undefined,
  });
const at = (name: string): string => join(root, name);
const lines = (name: string): string[] =>
  existsSync(at(name)) ? readFileSync(at(name), 'utf8').split('\n').filter(Boolean) : [];
const number = (name: string): Promise<number> => until(() => Promise.resolve(Number(lines(name)[0] ?? 0)), name);
const gone = (pid: number) =>
  until(async () => {
    const found = await statOf(pid);
    return found === undefined || found.state === 'Z';
  }, `the end of ${pid}`);

/** Says that it has begun and how often, and stays. */
const STAYS = `require('fs').appendFileSync('starts', process.pid + '\\n'); setInterval(() => {}, 1000);`;
const define = (script: string | string[], more: object = {}) => ({
  name: 'web',
  argv: typeof script === 'string' ? [process.execPath, '-e', script] : script,
  cwd: root,
  ...more,
  restart: { minUptime: '1ms', delay: '1ms', ...(more as { restart?: object }).restart },
});
/** Never ready: a start of it goes on until it has ended. */
const ends = (script: string, more: object = {}) =>
  shell(script, { ready: { probes: [{ name: 'never', file: { path: at('never') } }], within: '5m' }, ...more });
const shell = (script: string, more: object = {}) => define(['sh', '-c', script], more);

/** A control group with little memory, where this user may make one. */
const memoryGroup = ((): string | undefined => {
  const group = `/sys/fs/cgroup/memory/rerail-test-${process.pid}`;
  try {
    mkdirSync(group);
    writeFileSync(join(group, 'memory.limit_in_bytes'), String(80 * 1024 * 1024));
    return group;
  } catch {
    return undefined;
  }
})();

afterAll(() => {
  if (memoryGroup !== undefined && existsSync(memoryGroup)) rmdirSync(memoryGroup);
});

describe('a supervised process', () => {
  it('is started once by two that ask at the same time, is restarted once by one try, and ends when it is stopped', async () => {
    const process = define(STAYS);
    const [one, two] = await Promise.all([
      activities().startProcess({ process }),
      activities().startProcess({ process }),
    ]);
    expect(one).toMatchObject({ state: 'running', healthy: true, supervised: true, restarts: 0 });
    expect(two.pid).toBe(one.pid);
    await until(() => Promise.resolve(lines('starts').length === 1), 'the start');
    const again = await activities('a try').restartProcess({ process });
    expect(again.pid).not.toBe(one.pid);
    expect(await activities('a try').restartProcess({ process })).toMatchObject({ pid: again.pid, restarts: 1 });
    await gone(one.pid ?? 0);
    const stopped = await activities().stopProcess({ process });
    expect(stopped).toMatchObject({ state: 'ended', healthy: true, ending: { cause: 'signal', signal: 'SIGTERM' } });
    await gone(again.pid ?? 0);
  });

  it('tells how it ended: exit code, signal, or that it could not be started', async () => {
    const ended = async (process: object) => {
      await activities()
        .startProcess({ process })
        .catch(() => undefined);
      return until(async () => {
        const status = await activities().processStatus({ process });
        return status.state === 'ended' && status;
      }, 'the end');
    };
    const error = await failure(activities().startProcess({ process: ends('echo cannot open x >&2; exit 3') }));
    expect(error).toMatchObject({ code: 'process-failed' });
    expect(error.message).toMatch(/ended with exit code 3 .*cannot open x/);
    expect(await ended(ends('kill -USR1 $$'))).toMatchObject({
      healthy: false,
      ending: { signal: 'SIGUSR1', cause: 'signal', certain: true },
    });
    expect(await ended(ends('exit 0'))).toMatchObject({ healthy: true, ending: { exitCode: 0, cause: 'exit' } });
    expect(await ended(ends('exit 0', { restart: { policy: 'always' } }))).toMatchObject({ healthy: false });
    expect(await failure(activities().startProcess({ process: define(['no-such-program']) }))).toMatchObject({
      code: 'command-not-found',
    });
  });

  it.skipIf(memoryGroup === undefined)('that the kernel killed for want of memory is told as a guess', async () => {
    const greedy = 'const kept = []; for (;;) kept.push(Buffer.alloc(10e6, 1))';
    const process_ = ends(`echo $$ > ${memoryGroup}/cgroup.procs && exec '${process.execPath}' -e '${greedy}'`);
    await activities()
      .startProcess({ process: process_ })
      .catch(() => undefined);
    const { ending } = await until(async () => {
      const status = await activities().processStatus({ process: process_ });
      return status.state === 'ended' && status;
    }, 'the kill');
    expect(ending).toMatchObject({ signal: 'SIGKILL', cause: 'out-of-memory', certain: false });
    expect(ending?.evidence).toContain('the kernel has killed');
  });

  it('ends with all that it has started: what ignores SIGTERM, what has left the group, and what hides from its parent', async () => {
    const child = (name: string, body: string): string => `
      const { spawn } = require('child_process');
      spawn(process.execPath, ['-e', ${JSON.stringify(body.replace('NAME', name))}], { detached: true, stdio: 'ignore' }).unref();`;
    const sleeper = `process.on('SIGTERM', () => {}); require('fs').writeFileSync('NAME', String(process.pid)); setInterval(() => {}, 1000);`;
    // Its middle one ends at once, so that the grandchild has neither group, session nor parent of the process.
    const middle = child('orphan', sleeper);
    const script = `${child('stubborn', sleeper)}
      spawn(process.execPath, ['-e', ${JSON.stringify(middle)}], { detached: true, stdio: 'ignore' });
      spawn(process.execPath, ['-e', ${JSON.stringify(sleeper.replace('NAME', 'hidden'))}], { detached: true, stdio: 'ignore', env: {} });
      process.on('SIGTERM', () => {}); setInterval(() => {}, 1000);`;
    const process_ = define(script, { stop: { timeout: '50ms' } });
    const { pid } = await activities().startProcess({ process: process_ });
    const all = [pid ?? 0, ...(await Promise.all(['stubborn', 'orphan', 'hidden'].map(number)))];
    const stranger = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached: true });
    await once(stranger, 'spawn');
    const stopped = await activities().stopProcess({ process: process_ });
    expect(stopped.ending).toMatchObject({ signal: 'SIGKILL' });
    await Promise.all(all.map(gone));
    expect(stranger.exitCode ?? stranger.signalCode).toBe(null);
    stranger.kill('SIGKILL');
  });

  it('is started after kill -9 only when what it has left behind has ended, even what nothing ties to it any more', async () => {
    const hides = `require('fs').writeFileSync('hidden', String(process.pid)); setInterval(() => {}, 1000);`;
    const starts = `require('child_process')
      .spawn(process.execPath, ['-e', ${JSON.stringify(hides)}], { detached: true, stdio: 'ignore', env: {} });`;
    const leaves = `require('fs').existsSync('hidden') || ${starts} ${STAYS}`;
    const process_ = define(leaves);
    const { pid } = await activities().startProcess({ process: process_ });
    const hidden = await number('hidden');
    const looked = async () => ((await activities().processStatus({ process: process_ })).uptimeMs ?? 0) > 1000;
    await until(looked, 'some looks of its supervisor');
    process.kill(pid ?? 0, 'SIGKILL');
    await activities().restartProcess({ process: process_ });
    const left = await statOf(hidden);
    if (left) process.kill(hidden, 'SIGKILL');
    expect(left === undefined || isDead(left)).toBe(true);
  });

  it('never ends a process that has only the number of an earlier one', async () => {
    const stranger = spawn('sleep', ['1000'], { detached: true });
    await once(stranger, 'spawn');
    const root_ = { ...processIdentity(stranger.pid), startTime: '1' };
    expect(await treeOf({ root: root_, token: 'nobody' })).toEqual([]);
    expect(await endTree({ root: root_, token: 'nobody' }, { signal: 'SIGKILL', timeoutMs: 0 })).toEqual([]);
    expect((await statOf(stranger.pid ?? 0))?.state).not.toBe('Z');
    stranger.kill('SIGKILL');
  });

  it('is killed at its memory limit with what it has started, and says so', async () => {
    const eats = `const kept = []; setInterval(() => kept.push(Buffer.alloc(8e6, 1)), 10);`;
    const process = define(eats, { limits: { memoryMaxBytes: 120_000_000 } });
    await activities()
      .startProcess({ process })
      .catch(() => undefined);
    const status = await until(async () => {
      const found = await activities().processStatus({ process });
      return found.state === 'ended' && found;
    }, 'the limit');
    expect(status).toMatchObject({ healthy: false, ending: { cause: 'memory-limit', certain: true } });
    const last = await (await openProcessFolder(folder, 'web')).latest();
    expect(await treeOf({ token: last?.spec.token ?? '' })).toEqual([]);
  });

  it('is not restarted beyond its start limit, nor at all under the policy never, until a person starts it', async () => {
    const process = ends('echo it broke; exit 1', { restart: { startLimitBurst: 2, startLimitInterval: '1d' } });
    for (const _ of [1, 2])
      expect(await failure(activities().restartProcess({ process }))).toMatchObject({ code: 'process-failed' });
    const error = await failure(activities().restartProcess({ process }));
    expect(error).toMatchObject({ code: 'process-start-limit', nonRetryable: true });
    expect(error.message).toMatch(/restarted 2 times within 1d.*exit code 1.*it broke/);
    expect(await failure(activities().startProcess({ process }))).toMatchObject({ code: 'process-failed' });
    expect(await failure(activities().restartProcess({ process }))).toMatchObject({ code: 'process-failed' });
    const never = ends('exit 1', { restart: { policy: 'never' } });
    expect(await failure(activities().restartProcess({ process: never }))).toMatchObject({
      code: 'process-start-limit',
    });
  });

  it('is ready when its probes pass, and told of as not ready when they do not', async () => {
    const probes = [{ name: 'ready', file: { path: at('ready') } }];
    const process = shell(`touch ready; exec sleep 1000`, { ready: { probes }, limits: { niceness: 19 } });
    const started = await activities().startProcess({ process });
    expect(started).toMatchObject({ state: 'running' });
    expect(getPriority(started.pid ?? 0)).toBe(19);
    expect(await activities().verifyProcess({ process })).toMatchObject({ state: 'running' });
    const wrong = shell('exec sleep 1000', {
      ready: { probes: [{ name: 'ready', file: { path: at('never') } }], within: '1ms' },
    });
    const error = await failure(activities().restartProcess({ process: wrong }));
    expect(error).toMatchObject({ code: 'process-failed' });
    expect(error.message).toContain('probe ready');
  });

  it('keeps its output in bounded files, without secrets', async () => {
    setEnvironment('RERAIL_TEST_SECRET', 'a-secret-of-the-test');
    const script = `for (let i = 0; i < 4000; i++) console.log('line ' + i + ' ' + process.env.KEY); console.log('last');`;
    const process = define(script, {
      secretEnv: { KEY: 'env:RERAIL_TEST_SECRET' },
      output: { maxBytes: 4096, keep: 2 },
    });
    await activities().startProcess({ process });
    const status = await until(async () => {
      const found = await activities().processStatus({ process });
      return found.state === 'ended' && found;
    }, 'the end');
    expect(status.lastLines.at(-1)).toBe('last');
    const files = readdirSync(join(folder, 'web')).filter((name) => name.startsWith('output.log'));
    expect(files.sort()).toEqual(['output.log', 'output.log.1', 'output.log.2']);
    for (const name of files) {
      const file = join(folder, 'web', name);
      expect(statSync(file).size).toBeLessThanOrEqual(4096);
      expect(readFileSync(file, 'utf8')).not.toContain('a-secret-of-the-test');
    }
    expect(readFileSync(join(folder, 'web', '1', 'spec.json'), 'utf8')).not.toContain('a-secret-of-the-test');
  });

  it('is looked at by the probe, under its policy', async () => {
    const probe = { name: 'web', process: { supervised: 'web', minCount: 1 }, timeout: '5s' } as const;
    const look = (more: object = {}) => runProbe({ ...probe, ...more }, { processStatus: activities().statusOf });
    expect(await look()).toMatchObject({ passed: false, failureType: 'process' });
    const process = define(STAYS);
    const { pid } = await activities().startProcess({ process });
    expect(await look()).toMatchObject({ passed: true });
    expect(await look({ process: { ...probe.process, maxMemoryBytes: 1000 } })).toMatchObject({
      passed: false,
      failureType: 'resource_exhaustion',
    });
    globalThis.process.kill(pid ?? 0, 'SIGKILL');
    const reading = await until(async () => {
      const found = await look();
      return found.observed.includes('SIGKILL') && found;
    }, 'the reading');
    expect(reading).toMatchObject({ passed: false, failureType: 'process' });
    await activities().startProcess({ process });
    await activities().stopProcess({ process });
    expect(await look()).toMatchObject({ passed: true });
  });

  it('lives on when its supervisor is killed, which is told, and is ended before it is started again', async () => {
    const process = define(STAYS);
    const { pid } = await activities().startProcess({ process });
    const guard = JSON.parse(readFileSync(join(folder, 'web', '1', 'guard.json'), 'utf8')) as { pid: number };
    globalThis.process.kill(guard.pid, 'SIGKILL');
    await gone(guard.pid);
    expect(await activities().processStatus({ process })).toMatchObject({ pid, healthy: true, supervised: false });
    execution = 'recovery/process/web/2';
    await activities().restartProcess({ process });
    await gone(pid ?? 0);
    expect(await activities().processStatus({ process })).toMatchObject({ healthy: true, supervised: true });
  });
});

describe('a worker that is killed', () => {
  it.each(['stop.json', 'spec.json', 'guard.json', 'process.json'])(
    'after %s was written: the next try ends with one process',
    async (name) => {
      const process_ = define(STAYS, { stop: { timeout: '100ms' } });
      await activities().startProcess({ process: process_ });
      const input = at('input.json');
      writeFileSync(input, JSON.stringify({ folder, process: process_ }));
      const run = name === 'stop.json' ? '1' : '2';
      mkdirSync(join(folder, 'web'), { recursive: true });
      const worker = spawn(process.execPath, [join(import.meta.dirname, 'process-worker.mjs'), input], {
        stdio: ['ignore', 'ignore', 'inherit'],
      });
      const exited = once(worker, 'exit');
      // Whenever it is seen, before or after the next step: every moment must be survived.
      await until(() => Promise.resolve(existsSync(join(folder, 'web', run, name))), name);
      worker.kill('SIGKILL');
      await exited;
      const status = await activities('the next try').restartProcess({ process: process_ });
      expect(status).toMatchObject({ state: 'running', healthy: true });
      const tokens = (await (await openProcessFolder(folder, 'web')).runs()).map(({ spec }) => spec.token);
      const trees = await Promise.all(tokens.map((token) => treeOf({ token })));
      expect(trees.flat().map(({ pid }) => pid)).toEqual([status.pid]);
    },
  );

  it('before its supervisor has begun: the supervisor starts nothing that was stopped meanwhile', async () => {
    const process_ = define(STAYS);
    await activities().startProcess({ process: process_ });
    await activities().stopProcess({ process: process_ });
    const records = await openProcessFolder(folder, 'web');
    const last = await records.latest();
    if (!last) throw new Error('no run');
    const run = await records.add({ ...last.spec, key: 'lost', token: `${last.spec.token}-2` });
    await activities().stopProcess({ process: process_ });
    const guard = spawn(process.execPath, [
      join(import.meta.dirname, '../../dist/activities/processes/guard.js'),
      run.folder,
    ]);
    await once(guard, 'exit');
    expect(await lookAtRun(run)).toMatchObject({ state: 'ended', process: undefined });
  });
});
