import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { injectFault } from '../../src/activities/drills/faults/registry.ts';
import { prepareSandbox } from '../../src/activities/drills/prepare-sandbox.ts';
import { sweepSandboxes } from '../../src/activities/drills/remove-sandbox.ts';
import { drillsFolder, openOutside, openSandbox, sandboxPlace } from '../../src/activities/drills/sandbox-place.ts';
import { processesIn } from '../../src/activities/drills/sandbox-processes.ts';
import { mountDisks } from '../../src/activities/drills/sandbox-disks.ts';
import { startAll } from '../../src/activities/drills/start-all.ts';
import { SandboxSchema } from '../../src/domain/drill-sandbox.schema.ts';
import { processIdentity } from '../../src/process/process-identity.ts';
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
