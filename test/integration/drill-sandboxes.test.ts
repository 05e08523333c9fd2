import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, realpath, rm } from 'node:fs/promises';
import { getPriority, setPriority, tmpdir } from 'node:os';
import path from 'node:path';
import type { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { injectFault } from '../../src/activities/drills/faults/registry.ts';
import { listItems } from '../../src/activities/drills/list-items.ts';
import { prepareSandbox } from '../../src/activities/drills/prepare-sandbox.ts';
import { sweepSandboxes } from '../../src/activities/drills/remove-sandbox.ts';
import { drillsFolder, openOutside, openSandbox, sandboxPlace } from '../../src/activities/drills/sandbox-place.ts';
import { processesIn } from '../../src/activities/drills/sandbox-processes.ts';
import { mountDisks } from '../../src/activities/drills/sandbox-disks.ts';
import { redisAddress } from '../../src/activities/drills/sandbox-services.ts';
import { askTmux } from '../../src/activities/drills/sandbox-sessions.ts';
import { startAll } from '../../src/activities/drills/start-all.ts';
import { withRedis } from '../../src/activities/providers/redis/connection.ts';
import { findDifferences } from '../../src/domain/drill.ts';
import { SandboxSchema } from '../../src/domain/drill-sandbox.schema.ts';
import { argvOf } from '../../src/process/proc.ts';
import { processIdentity } from '../../src/process/process-identity.ts';
import { runProcess } from '../../src/process/run-process.ts';
import { expectRemoved, openDrillSandbox } from '../support/drill-sandbox.ts';

const ID = 'drill/sandboxes/1/run';
let dataDir = '';

beforeAll(async () => {
  dataDir = await realpath(await mkdtemp(path.join(tmpdir(), 'rerail-sandboxes-')));
});
afterEach(() => expectRemoved({ dataDir, id: ID }));
afterAll(() => rm(dataDir, { recursive: true, force: true }));

const open = (given: object) => openDrillSandbox({ dataDir, id: ID }, given);
const isRoot = process.getuid?.() === 0;
const over = () => Promise.resolve(false);

it('takes away the sandbox of a drill that was killed, and lets that of an open one be', async () => {
  const box = await open({
    disks: [{ path: 'disk', bytes: 1024 * 1024 }],
    services: [{ kind: 'http', name: 'api' }],
    proxies: [{ name: 'front', to: 'api' }],
  });
  await injectFault(box.place, 0, { type: 'portClosed', proxy: 'front' });
  const component = path.join(dataDir, 'processes', 'drill-web-run');
  const others = path.join(dataDir, 'processes', 'drill-web-1234');
  await Promise.all([component, others].map((folder) => mkdir(folder, { recursive: true })));
  const asked: object[] = [];
  const sweep = (isOpen: boolean) =>
    sweepSandboxes(dataDir, (drill) => {
      asked.push(drill);
      return Promise.resolve(isOpen);
    });
  expect(await sweep(true)).toEqual({ removed: [], left: [] });
  expect((await processesIn(box.place)).length).toBe(2);
  expect(await sweep(false)).toEqual({ removed: [ID], left: [] });
  expect(asked[0]).toEqual({ workflowId: 'drill/sandboxes/1', runId: 'run' });
  expect(await processesIn(box.place)).toEqual([]);
  expect([component, others].map(existsSync)).toEqual([false, true]);
});

it('is compared with what a recovery can change and undo, where that is asked for', async () => {
  const box = await open({
    services: [{ kind: 'redis', name: 'queue' }],
    sessions: [{ name: 'agent', windows: ['work'], attached: true }],
    processes: [{ name: 'sleeper', argv: ['sleep', '600'] }],
  });
  const list = (undoable: boolean) => listItems(box.place, { caches: ['queue'], undoable });
  const address = redisAddress(box.place, 'queue', box.port('queue'));
  const redis = <T>(work: (client: Redis) => Promise<T>): Promise<T> =>
    withRedis(address, { connectTimeoutMs: 3000, timeoutMs: 10_000 }, ({ client }) => work(client));
  await redis((client) => client.xgroup('CREATE', 'jobs', 'workers', '$', 'MKSTREAM'));
  const before = await list(true);
  const plain = await list(false);
  expect(before.map(({ path: name }) => name)).toEqual(
    expect.arrayContaining([
      ...[
        'redis queue stream jobs',
        'tmux pane agent:work.0',
        'tmux clients of agent',
        'priority of /usr/bin/sleep 600',
      ],
    ]),
  );
  expect(findDifferences(before, await list(true))).toEqual([]);

  await redis(async (client) => {
    await client.xadd('jobs', '*', 'a', '1');
    await client.xreadgroup('GROUP', 'workers', 'first', 'COUNT', 1, 'STREAMS', 'jobs', '>');
    await client.xdel('empty', (await client.xadd('empty', '*', 'a', '1')) ?? '');
  });
  await askTmux(box.place, ['detach-client', '-s', '=agent']);
  await askTmux(box.place, ['split-window', '-d', '-t', '=agent:work']);
  for (const pid of await processesIn(box.place))
    if ((await argvOf(pid))[0] === '/usr/bin/sleep') setPriority(pid, getPriority(pid) + 1);
  const changed = findDifferences(before, await list(true));
  for (const name of ['redis queue stream jobs has changed', 'priority of /usr/bin/sleep 600 has changed'])
    expect(changed).toContain(name);
  expect(changed).toContain('tmux clients of agent is gone');
  expect(changed).toContain('tmux pane agent:work.1 has come to it');
  expect(changed.filter((one) => one.includes('stream empty'))).toEqual([]);
  expect(await list(false)).toEqual(plain);
});

it('takes away what a drill has made where nobody knows it any more', async () => {
  // Made again beside its removal: without a marker, with a mount.
  const place = sandboxPlace(dataDir, ID);
  await mkdir(place.work, { recursive: true });
  if (isRoot) await mountDisks(place, SandboxSchema.parse({ disks: [{ path: 'disk', bytes: 1024 * 1024 }] }));
  // The same, outside alone; another one's of the same machine stays.
  const orphan = sandboxPlace(dataDir, 'drill/orphan/1/run');
  await openOutside(orphan);
  const foreign = sandboxPlace(path.join(dataDir, 'elsewhere'), 'drill/foreign/1/run');
  await openOutside(foreign);
  try {
    expect(await sweepSandboxes(dataDir, over)).toEqual({ removed: [place.root, orphan.root].sort(), left: [] });
    expect([place.root, orphan.outside, foreign.outside].map(existsSync)).toEqual([false, false, true]);
  } finally {
    await rm(foreign.outside, { recursive: true });
  }
});

it('takes away what was only begun, when whoever began it has died', async () => {
  const { pid, startTime } = processIdentity();
  const folder = drillsFolder(dataDir);
  const [begun, died] = [`.begun-${pid}-${startTime}-AbCdEf`, `.begun-${pid}-1${startTime}-AbCdEf`];
  for (const name of [begun, died]) await mkdir(path.join(folder, name), { recursive: true });
  await sweepSandboxes(dataDir, over);
  expect(await readdir(folder)).toEqual([begun]);
  await rm(path.join(folder, begun), { recursive: true });
});

it('lets one that cannot be taken away keep no other', async () => {
  const ids = ['drill/a/1/run', 'drill/b/1/run', 'drill/c/1/run'];
  for (const id of ids) await openSandbox(dataDir, id);
  const inOrder = (await readdir(drillsFolder(dataDir))).sort();
  const first = ids.find((id) => path.basename(sandboxPlace(dataDir, id).root) === inOrder[0]) ?? '';
  const unreachable = ({ workflowId }: { workflowId: string }) =>
    first.startsWith(workflowId) ? Promise.reject(new Error('nobody answers')) : over();
  const { removed, left } = await sweepSandboxes(dataDir, unreachable);
  expect(removed.sort()).toEqual(ids.filter((id) => id !== first));
  expect(left).toEqual([`${sandboxPlace(dataDir, first).root}: nobody answers`]);
  expect(await sweepSandboxes(dataDir, over)).toEqual({ removed: [first], left: [] });
});

it('is made, started and broken only until the drill is cancelled', async () => {
  const reason = new Error('cancelled');
  const aborted = AbortSignal.abort(reason);
  const sandbox = SandboxSchema.parse({
    files: { 'a.txt': 'a' },
    processes: [{ name: 'sleeper', argv: ['sleep', '600'] }],
  });
  await expect(prepareSandbox(dataDir, { id: ID, sandbox }, aborted)).rejects.toBe(reason);
  expect(existsSync(sandboxPlace(dataDir, ID).root)).toBe(false);
  await prepareSandbox(dataDir, { id: ID, sandbox });
  const place = sandboxPlace(dataDir, ID);
  await expect(startAll(place, sandbox, { signal: aborted })).rejects.toBe(reason);
  expect(await processesIn(place)).toEqual([]);
  const before = await readdir(place.root);
  await expect(injectFault(place, 0, { type: 'deleteFile', path: 'a.txt' }, aborted)).rejects.toBe(reason);
  expect(await readdir(place.root)).toEqual(before);
});

it('has a repository that commands can commit to where nobody has told git who they are', async () => {
  const { place } = await open({ git: true, files: { 'a.txt': 'a' } });
  const env = { PATH: process.env['PATH'] ?? '', HOME: place.root, GIT_CONFIG_NOSYSTEM: '1' };
  const argv: [string, ...string[]] = [
    'git',
    '-c',
    'user.useConfigOnly=true',
    'commit',
    '--quiet',
    '--allow-empty',
    '--message',
    'step',
  ];
  const { exitCode, stderr } = await runProcess({ argv, cwd: place.work, env, timeoutMs: 20_000 });
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
});
