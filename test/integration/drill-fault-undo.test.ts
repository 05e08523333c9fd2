import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { glob } from 'tinyglobby';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { git } from '../../src/activities/drills/faults/git-program.ts';
import { injectFault, takeBackFault } from '../../src/activities/drills/faults/registry.ts';
import { sandboxProcess } from '../../src/activities/drills/sandbox-processes.ts';
import { statOf } from '../../src/process/proc.ts';
import { storeFolder } from '../../src/store/store-folder.ts';
import { expectRemoved, openDrillSandbox } from '../support/drill-sandbox.ts';
import { failure } from '../support/rejection.ts';
import { until } from '../support/until.ts';
import { makeInfo, openActivities } from './checkpoint-fixtures.ts';

const ID = 'drill/fault-undo/1/run';
let dataDir = '';

beforeAll(async () => {
  dataDir = await realpath(await mkdtemp(path.join(tmpdir(), 'rerail-undo-')));
});
afterEach(() => expectRemoved({ dataDir, id: ID }));
afterAll(() => rm(dataDir, { recursive: true, force: true }));

const open = (given: object) => openDrillSandbox({ dataDir, id: ID }, given);

/** Everything that a user of the repository can see: files, HEAD, branches, index, what is under way. */
async function stateOf(work: string): Promise<object> {
  const names = (await glob('**/*', { cwd: work, dot: true, ignore: ['.git/**'] })).sort();
  const contents = names.map(async (name) => [name, await readFile(path.join(work, name), 'utf8')]);
  return {
    tree: Object.fromEntries((await Promise.all(contents)) as [string, string][]),
    head: await readFile(path.join(work, '.git/HEAD'), 'utf8'),
    branches: await git(work, ['for-each-ref', '--format=%(refname) %(objectname)']),
    index: await git(work, ['ls-files', '--stage', '--debug']).then((text) => text.replace(/^ .*\n/gm, '')),
    status: await git(work, ['status', '--porcelain=v2', '--branch']),
    underWay: (await glob(['*.lock', 'MERGE_*'], { cwd: path.join(work, '.git') })).sort(),
  };
}

/** With a change that is not committed, and a branch that has the name of the conflict's. */
async function openRepository() {
  const box = await open({ files: { 'a.txt': 'first\n', 'b.txt': 'b\n' }, git: true });
  const { work } = box.place;
  await git(work, ['branch', 'theirs']);
  await git(work, ['commit', '--quiet', '--allow-empty', '--message', 'second']);
  await writeFile(box.at('b.txt'), 'not committed\n');
  return { ...box, work };
}

const commits = (work: string) => git(work, ['commit', '--quiet', '--allow-empty', '--message', 'more']);

describe('a fault in a repository leaves files, HEAD, branches and index as they were', () => {
  it('gitLock', async () => {
    const { work, during } = await openRepository();
    const before = await stateOf(work);
    await during({ type: 'gitLock' }, async () => expect((await failure(commits(work))).message).toContain('lock'));
    expect(await stateOf(work)).toEqual(before);
  });

  it('gitDetach, also of a repository that is on no branch', async () => {
    const { work, during } = await openRepository();
    for (const args of [['status'], ['checkout', '--quiet', '--detach']]) {
      await git(work, args);
      const before = await stateOf(work);
      await during({ type: 'gitDetach' }, async () => {
        expect((await git(work, ['rev-parse', '--abbrev-ref', 'HEAD'])).trim()).toBe('HEAD');
      });
      expect(await stateOf(work)).toEqual(before);
    }
  });

  it('gitConflict, whatever a recovery has made of it', async () => {
    const { work, during } = await openRepository();
    const before = await stateOf(work);
    const isStopped = async () => {
      expect(await git(work, ['diff', '--name-only', '--diff-filter=U'])).toBe('a.txt\n');
      expect((await failure(commits(work))).message).toContain('git commit failed');
    };
    const fault = { type: 'gitConflict', path: 'a.txt' };
    await during(fault, isStopped);
    expect(await stateOf(work)).toEqual(before);
    await during(fault, async () => {
      await isStopped();
      await git(work, ['merge', '--abort']);
      await git(work, ['checkout', '--quiet', '-b', 'mended']);
      await git(work, ['rm', '--quiet', 'a.txt']);
    });
    expect(await stateOf(work)).toEqual(before);
  });

  it('gitConflict, where its worker was lost in the middle', async () => {
    const { work, place } = await openRepository();
    const before = await stateOf(work);
    const fault = { type: 'gitConflict', path: 'a.txt' } as const;
    await injectFault(place, 7, fault);
    // As it is after the second of its commits.
    await git(work, ['merge', '--abort']);
    await writeFile(path.join(place.root, 'fault-7.json'), JSON.stringify({ state: 'begun', fault }));
    await injectFault(place, 7, fault);
    expect((await git(work, ['log', '--format=%s', '-3'])).split('\n')[1]).toBe('second');
    await takeBackFault(place, 7);
    expect(await stateOf(work)).toEqual(before);
  });
});

describe('flipBitInStore', () => {
  const bytes = randomBytes(5000);
  const openStored = async () => {
    const box = await open({ files: { 'shared.txt': 'all have this\n' } });
    await writeFile(box.at('own.bin'), bytes);
    const bench = { directory: dataDir, root: box.place.work, storePath: storeFolder(dataDir), dataDir, close() {} };
    const { captureCheckpoint, store } = await openActivities(bench);
    const capture = async (): Promise<string> =>
      (await captureCheckpoint({ info: makeInfo(), root: box.place.work })).info.id;
    const problemsOf = async (id: string): Promise<string[]> =>
      (await store.verify(id, 'full')).map(({ item }) => item);
    return { ...box, capture, problemsOf };
  };

  it('damages one content of one checkpoint, and puts the bit back', async () => {
    const { capture, problemsOf, during } = await openStored();
    const id = await capture();
    await during({ type: 'flipBitInStore', path: 'own.bin' }, async () => {
      expect(await problemsOf(id)).toEqual(['own.bin']);
    });
    expect(await problemsOf(id)).toEqual([]);
    const packs = await glob('**/*.pack', { cwd: storeFolder(dataDir), absolute: true });
    for (const pack of packs) expect((await stat(pack)).mode & 0o777).toBe(0o444);
    await rm(storeFolder(dataDir), { recursive: true });
  });

  it('damages nothing that another checkpoint needs, nor what was not captured', async () => {
    const { capture, problemsOf, place, at } = await openStored();
    const id = await capture();
    await writeFile(at('own.bin'), randomBytes(100));
    const flip = (name: string) => failure(injectFault(place, 8, { type: 'flipBitInStore', path: name }));
    expect(await flip('own.bin')).toMatchObject({
      code: 'invalid-input',
      message: expect.stringContaining('no checkpoint'),
    });
    const other = await capture();
    expect(await flip('shared.txt')).toMatchObject({
      code: 'invalid-input',
      message: expect.stringContaining('2 checkpoints'),
    });
    expect([...(await problemsOf(id)), ...(await problemsOf(other))]).toEqual([]);
    await rm(storeFolder(dataDir), { recursive: true });
  });

  it('goes with the sandbox of a drill that was killed', async () => {
    const { capture, problemsOf, place } = await openStored();
    const id = await capture();
    await injectFault(place, 8, { type: 'flipBitInStore', path: 'own.bin' });
    expect(await problemsOf(id)).toEqual(['own.bin']);
    await expectRemoved({ dataDir, id: ID });
    expect(await problemsOf(id)).toEqual([]);
    await rm(storeFolder(dataDir), { recursive: true });
  });
});

describe('a fault in a process', () => {
  const sleeper = { name: 'sleeper', argv: ['sleep', '600'] };

  it('killProcess: it is gone, and started again', async () => {
    const { place, during } = await open({ processes: [sleeper] });
    const command = (pid = 0) => readFile(`/proc/${pid}/cmdline`, 'utf8');
    const before = await sandboxProcess(place, 'sleeper');
    const started = await command(before?.pid);
    await during({ type: 'killProcess', process: 'sleeper' }, async () => {
      expect(await sandboxProcess(place, 'sleeper')).toBeUndefined();
    });
    const after = await sandboxProcess(place, 'sleeper');
    expect(after).toBeDefined();
    expect(after).not.toEqual(before);
    expect(await command(after?.pid)).toBe(started);
  });

  it('stopProcess: it stands still, and goes on', async () => {
    const { place, during } = await open({ processes: [sleeper] });
    const before = await sandboxProcess(place, 'sleeper');
    const state = async () => (await statOf(before?.pid ?? 0))?.state;
    await during({ type: 'stopProcess', process: 'sleeper' }, async () => {
      await until(async () => (await state()) === 'T', 'the stop');
    });
    await until(async () => (await state()) === 'S', 'the sleeper to go on');
    expect(await sandboxProcess(place, 'sleeper')).toEqual(before);
  });

  it('killByPidFile: it is gone, and whoever keeps it running starts it again, not the drill', async () => {
    const script = `require('fs').writeFileSync('own.pid', String(process.pid)); setInterval(() => {}, 1e6)`;
    const { at, place, during } = await open({ processes: [{ name: 'own', argv: ['node', '-e', script] }] });
    const pid = await until(() => readFile(at('own.pid'), 'utf8').catch(() => ''), 'the number');
    await during({ type: 'killByPidFile', path: 'own.pid' }, async () => {
      await until(async () => (await sandboxProcess(place, 'own')) === undefined, 'its end');
    });
    expect(await sandboxProcess(place, 'own')).toBeUndefined();
    expect(await readFile(at('own.pid'), 'utf8')).toBe(pid);
  });
});
