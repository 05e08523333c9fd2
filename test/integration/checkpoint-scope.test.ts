import { chmodSync, existsSync, linkSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { RestoreOptions } from '../../src/domain/rollback.ts';
import { newBenchForEach } from './checkpoint-bench.ts';
import { flip, openActivities, restoreOrder, snapshot } from './checkpoint-fixtures.ts';

const { bench, at, capture, packFiles } = newBenchForEach();

const restore = async (id: string, options: Partial<RestoreOptions>) =>
  (await openActivities(bench)).restoreCheckpoint(restoreOrder(id, options));

const read = (path: string): string => readFileSync(at(path), 'utf8');

function fill(): void {
  for (const path of ['src/deep', 'docs']) mkdirSync(at(path), { recursive: true });
  for (const path of ['src/a.ts', 'src/deep/b.ts', 'docs/c.md', 'top']) writeFileSync(at(path), `good ${path}\n`);
}

function spoil(): void {
  for (const path of ['src/a.ts', 'src/deep/b.ts', 'docs/c.md', 'top']) writeFileSync(at(path), `bad ${path}\n`);
  writeFileSync(at('src/stray.ts'), 'stray');
  writeFileSync(at('docs/stray.md'), 'stray');
}

describe('a selective restore', () => {
  it('touches the named directory only, stray files in it included', async () => {
    fill();
    const id = await capture();
    spoil();
    const result = await restore(id, { scope: { files: ['src'] } });
    expect(result).toMatchObject({ success: true, strategy: 'selective', dataLoss: false });
    expect(result.verified.files).toBe(2);
    expect(read('src/a.ts')).toBe('good src/a.ts\n');
    expect(read('src/deep/b.ts')).toBe('good src/deep/b.ts\n');
    expect(existsSync(at('src/stray.ts'))).toBe(false);
    expect(read('docs/c.md')).toBe('bad docs/c.md\n');
    expect(existsSync(at('docs/stray.md'))).toBe(true);
    expect(read('top')).toBe('bad top\n');
  });

  it('takes globs, and leaves the directories above as they are', async () => {
    fill();
    const id = await capture();
    spoil();
    const before = statSync(at('src'), { bigint: true });
    chmodSync(at('src/deep'), 0o700);
    await restore(id, { scope: { files: ['**/*.ts'] } });
    expect(read('src/deep/b.ts')).toBe('good src/deep/b.ts\n');
    expect(existsSync(at('src/stray.ts'))).toBe(false);
    expect(statSync(at('src'), { bigint: true }).mtimeNs).toBe(before.mtimeNs);
    expect(statSync(at('src/deep')).mode & 0o777).toBe(0o700);
    expect(read('docs/c.md')).toBe('bad docs/c.md\n');
  });

  it('makes the directories again that a named file needs, and nothing else in them', async () => {
    fill();
    const id = await capture();
    rmSync(at('src'), { recursive: true });
    const result = await restore(id, { scope: { files: ['src/deep/b.ts'] } });
    expect(result.plan.changes.map(({ path }) => path)).toEqual(['src', 'src/deep', 'src/deep/b.ts']);
    expect(existsSync(at('src/a.ts'))).toBe(false);
  });

  it('keeps hard links together', async () => {
    fill();
    linkSync(at('top'), at('docs/linked'));
    const id = await capture();
    writeFileSync(at('top'), 'bad');
    await restore(id, { scope: { files: ['top'] } });
    expect(read('docs/linked')).toBe('good top\n');
    expect(statSync(at('top')).ino).toBe(statSync(at('docs/linked')).ino);
  });

  it('can be undone, and the undo as well', async () => {
    fill();
    const id = await capture();
    spoil();
    const spoiled = snapshot(bench.root);
    const { backupId = '' } = await restore(id, { scope: { files: ['src'] } });
    const restored = snapshot(bench.root);
    const undo = await restore(backupId, {});
    expect(snapshot(bench.root)).toEqual(spoiled);
    await restore(undo.backupId ?? '', {});
    expect(snapshot(bench.root)).toEqual(restored);
  });

  it('refuses a path that is neither captured nor there, and changes nothing', async () => {
    fill();
    const id = await capture();
    spoil();
    const before = snapshot(bench.root);
    await expect(restore(id, { scope: { files: ['src', 'scr/a.ts'] } })).rejects.toMatchObject({
      code: 'invalid-input',
      message: expect.stringContaining('scr/a.ts') as string,
    });
    expect(snapshot(bench.root)).toEqual(before);
  });

  it('returns the named keys, agents and artifacts only', async () => {
    const artifact = {
      id: 'bundle',
      type: 'file',
      name: 'bundle',
      version: '2',
      checksum: '0'.repeat(64),
      size: 1,
      storagePath: '',
    };
    const state = {
      context: { version: '1.2.3', secret: 'no' },
      agentStates: { writer: { step: 4 }, critic: { step: 5 } },
      artifacts: [artifact, { ...artifact, id: 'map' }],
    };
    const id = await capture({ state });
    const result = await restore(id, {
      scope: { context: ['version'], agentStates: ['critic'], artifacts: ['bundle'] },
    });
    expect(result.state).toEqual({
      context: { version: '1.2.3' },
      agentStates: { critic: { step: 5 } },
      artifacts: [artifact],
    });
    await expect(restore(id, { scope: { context: ['verison'] } })).rejects.toMatchObject({ code: 'invalid-input' });
    expect(await restore(id, { parts: ['context'] })).toMatchObject({
      strategy: 'partial',
      state: { context: state.context },
    });
  });
});

describe('a dry run with a diff', () => {
  it('shows the lines that would change, and neither binaries nor secrets', async () => {
    fill();
    writeFileSync(at('.env'), 'PASSWORD=first\n');
    writeFileSync(at('logo'), Buffer.from([0, 1, 2]));
    const id = await capture();
    spoil();
    writeFileSync(at('.env'), 'PASSWORD=second\n');
    writeFileSync(at('logo'), Buffer.from([0, 1, 3]));
    writeFileSync(at('top'), 'api_key = "hunter2hunter2"\n');
    const { plan } = await restore(id, { dryRun: true, diff: true });
    const diffs = Object.fromEntries(plan.changes.map(({ path, diff }) => [path, diff]));
    expect(diffs['src/a.ts']).toContain('-bad src/a.ts\n+good src/a.ts');
    expect(diffs['src/stray.ts']).toContain('-stray');
    expect(diffs['.env']).toMatch(/secrets/);
    expect(diffs['logo']).toMatch(/not text/);
    expect(JSON.stringify(plan)).not.toMatch(/first|second|hunter2/);
    expect(read('src/a.ts')).toBe('bad src/a.ts\n');
    const { plan: same } = await restore(id, { dryRun: true });
    expect(same.hash).toBe(plan.hash);
  });
});

describe('a checkpoint that the store has damaged', () => {
  it('still gives what is left of it, and says what is lost', async () => {
    for (const name of ['a', 'b', 'c'])
      writeFileSync(at(name), createHash('shake256', { outputLength: 50_000 }).update(name).digest());
    const id = await capture();
    const good = readFileSync(at('b'));
    const [pack = ''] = packFiles().filter((file) => file.endsWith('.pack'));
    const path = join(bench.storePath, 'repository/objects/pack', pack);
    flip(path, 20_000);
    for (const name of ['a', 'b', 'c']) writeFileSync(at(name), `present ${name}`);
    await expect(restore(id, {})).rejects.toMatchObject({ code: 'checkpoint-corrupt' });
    const result = await restore(id, { skipLost: true });
    expect(result).toMatchObject({ success: true, lost: ['a'], dataLoss: true });
    expect(read('a')).toBe('present a');
    expect(readFileSync(at('b'))).toEqual(good);
  });
});

describe('a restore', () => {
  it('tells its phases in order, with how far it is', async () => {
    fill();
    const id = await capture();
    spoil();
    const told: { phase: string; current?: number; total?: number; message?: string }[] = [];
    const { restoreCheckpoint } = await openActivities(bench, {
      heartbeat: (details) => told.push(details as (typeof told)[number]),
    });
    await restoreCheckpoint(restoreOrder(id));
    const phases = [...new Set(told.map(({ phase }) => phase))].filter((phase) => phase !== 'open');
    expect(phases).toEqual(['validating', 'backup', 'rollback', 'verify', 'complete']);
    expect(told.some(({ message }) => message === 'stage')).toBe(true);
  });

  it('that runs out of time has changed nothing', async () => {
    fill();
    const id = await capture();
    spoil();
    const before = snapshot(bench.root);
    const clock = new AbortController();
    const timeout = vi.spyOn(AbortSignal, 'timeout').mockReturnValue(clock.signal);
    onTestFinished(() => timeout.mockRestore());
    const { restoreCheckpoint } = await openActivities(bench, {
      failpoint(name) {
        if (name === 'restore.stage-file') clock.abort(new DOMException('time is up', 'TimeoutError'));
      },
    });
    await expect(restoreCheckpoint(restoreOrder(id, { timeout: '20s' }))).rejects.toMatchObject({ code: 'timed-out' });
    expect(timeout).toHaveBeenCalledWith(20_000);
    timeout.mockRestore();
    expect(snapshot(bench.root)).toEqual(before);
    expect(await (await openActivities(bench)).restoreCheckpoint(restoreOrder(id))).toMatchObject({ success: true });
  });
});
