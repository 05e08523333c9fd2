import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  captureProviders,
  planProviders,
  restoreProviders,
  verifyProviders,
} from '../../../src/activities/providers/carry-providers.ts';
import type { CapturedProviders, StoredProviders } from '../../../src/activities/providers/carry-providers.ts';
import { createJsonProvider, createProviderRegistry } from '../../../src/activities/providers/index.ts';
import type { CheckpointProvider, ProviderKind } from '../../../src/activities/providers/index.ts';
import type { Json } from '../../../src/domain/canonical-json.ts';
import { RerailError } from '../../../src/domain/errors.ts';
import { failure } from '../../support/rejection.ts';

let directory = '';
let world: Record<string, Json> = {};
let restores: string[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'rerail-test-providers-'));
  world = {};
  restores = [];
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

/** State in `world`, its text as the dump. */
function filed(name: string, overrides: Partial<CheckpointProvider> = {}): CheckpointProvider {
  return {
    name,
    kind: 'database',
    describe: () => `the ${name} of the test`,
    capture: async (order) => {
      const file = join(order.directory, 'dump');
      await writeFile(file, JSON.stringify(world[name] ?? null));
      return { state: { length: JSON.stringify(world[name] ?? null).length }, file };
    },
    plan: () => Promise.resolve([{ item: name, change: 'replace' }]),
    restore: ({ file }) => {
      restores.push(name);
      world[name] = JSON.parse(readFileSync(file ?? '', 'utf8')) as Json;
      return Promise.resolve();
    },
    verify: ({ file }) =>
      Promise.resolve(readFileSync(file ?? '', 'utf8') === JSON.stringify(world[name] ?? null) ? [] : ['differs']),
    ...overrides,
  };
}

const json = (name: string, kind?: ProviderKind): CheckpointProvider =>
  createJsonProvider({
    name,
    ...(kind === undefined ? {} : { kind }),
    capture: () => Promise.resolve(world[name] ?? null),
    restore: (state) => {
      restores.push(name);
      world[name] = state;
      return Promise.resolve();
    },
  });

const stored = ({ system, blobs }: CapturedProviders): StoredProviders => ({
  system,
  blobs: Object.keys(blobs),
  fetchBlob: (name) => Promise.resolve(blobs[name]?.file ?? 'none'),
});

describe('createProviderRegistry', () => {
  it('refuses a name twice and one that is none, and lists the known for an unknown one', () => {
    expect(() => createProviderRegistry([filed('a'), json('a')])).toThrow(/two providers named a/);
    for (const name of ['', '../a', '.a', 'a/b', 'a'.repeat(65)]) {
      expect(() => createProviderRegistry([filed(name)])).toThrow(/not valid/);
    }
    const registry = createProviderRegistry([filed('a'), json('b.2_c-d')]);
    expect(registry.names).toEqual(['a', 'b.2_c-d']);
    expect(() => registry.get('x')).toThrow('There is no provider named "x"; known are: a, b.2_c-d');
  });
});

describe('captureProviders', () => {
  it('gives states by name and dumps with digest and size, each in a directory of its own', async () => {
    world = { db: 'rows', flags: { dark: true } };
    const captured = await captureProviders(
      createProviderRegistry([filed('db'), json('flags')]),
      ['db', 'flags'],
      directory,
    );
    expect(captured.system).toEqual({
      db: { kind: 'database', state: { length: 6 } },
      flags: { kind: 'system', state: { dark: true } },
    });
    const sha256 = createHash('sha256').update('"rows"').digest('hex');
    const file = join(directory, 'db', 'dump');
    expect(captured.blobs).toEqual({ 'provider/db': { file, sha256, size: 6 } });
    expect(statSync(join(directory, 'db')).mode & 0o777).toBe(0o700);
  });

  it('is all or nothing, and names the provider that failed', async () => {
    const failing = filed('cache', { capture: () => Promise.reject(new Error('it is away')) });
    const registry = createProviderRegistry([filed('db'), failing]);
    const error = await failure(captureProviders(registry, ['db', 'cache'], directory));
    expect(error).toMatchObject({ code: 'provider-failed', details: { provider: 'cache' } });
    expect(error.message).toBe('The capture of provider cache (the cache of the test) failed: it is away');
    expect(existsSync(join(directory, 'db'))).toBe(false);
    await expect(captureProviders(registry, ['db', 'nope'], directory)).rejects.toMatchObject({
      code: 'invalid-input',
    });
  });

  it('keeps code and remedy of an error of ours', async () => {
    const cause = new RerailError('disk-full', 'no space', { remedy: 'Free some.', nonRetryable: true });
    const registry = createProviderRegistry([filed('db', { capture: () => Promise.reject(cause) })]);
    const error = await failure(captureProviders(registry, ['db'], directory));
    expect(error).toMatchObject({ code: 'disk-full', remedy: 'Free some.', nonRetryable: true });
  });

  it('refuses a dump elsewhere, a state that is not JSON, and one that is large', async () => {
    const wrong: [Awaited<ReturnType<CheckpointProvider['capture']>>, RegExp][] = [
      [{ state: 1, file: '/etc/hostname' }, /no file in the directory/],
      [{ state: Number.NaN }, /not JSON/],
      [{ state: { when: new Date() as unknown as Json } }, /not JSON/],
      [{ state: 'x'.repeat(5_000_000) }, /bytes/],
    ];
    for (const [captured, message] of wrong) {
      const registry = createProviderRegistry([filed('db', { capture: () => Promise.resolve(captured) })]);
      await expect(captureProviders(registry, ['db'], directory)).rejects.toThrow(message);
    }
  });

  it('stops at a signal', async () => {
    const registry = createProviderRegistry([filed('db')]);
    const signal = AbortSignal.abort(new Error('stop'));
    await expect(captureProviders(registry, ['db'], directory, signal)).rejects.toThrow('stop');
  });
});

describe('planProviders, restoreProviders, verifyProviders', () => {
  const registry = createProviderRegistry([filed('db'), json('flags'), json('scale', 'infrastructure')]);
  const capture = async (...names: string[]): Promise<StoredProviders> => {
    world = { db: 'old', flags: { a: 1, b: 2 }, scale: 3 };
    return stored(await captureProviders(registry, names, directory));
  };

  it('plans, restores and verifies what is named, in that order, or all', async () => {
    const checkpoint = await capture('db', 'flags');
    expect(await verifyProviders(registry, checkpoint, true)).toEqual({ db: [], flags: [] });
    world = { db: 'new', flags: { a: 1, b: 3, c: 4 } };
    expect(await planProviders(registry, checkpoint, ['flags'])).toEqual({
      flags: [
        { item: 'key "b"', change: 'replace' },
        { item: 'key "c"', change: 'delete' },
      ],
    });
    expect(await verifyProviders(registry, checkpoint, true)).toEqual({
      db: ['differs'],
      flags: ['key "b" differs', 'key "c" was not captured'],
    });
    await restoreProviders(registry, checkpoint, ['flags', 'db']);
    expect(restores).toEqual(['flags', 'db']);
    expect(await verifyProviders(registry, checkpoint, true)).toEqual({ db: [], flags: [] });
  });

  it('reaches infrastructure only when it is named', async () => {
    const checkpoint = await capture('db', 'scale');
    world['scale'] = 9;
    const error = await failure(restoreProviders(registry, checkpoint, true));
    expect(error).toMatchObject({ code: 'invalid-input', message: expect.stringContaining('scale') });
    expect(restores).toEqual([]);
    expect(Object.keys(await planProviders(registry, checkpoint, true))).toEqual(['db', 'scale']);
    await restoreProviders(registry, checkpoint, ['scale']);
    expect(world['scale']).toBe(3);
  });

  it('refuses what the checkpoint does not hold, and what is of another kind now', async () => {
    const checkpoint = await capture('db');
    await expect(restoreProviders(registry, checkpoint, ['flags'])).rejects.toThrow('it holds: db');
    const changed = createProviderRegistry([filed('db', { kind: 'infrastructure' })]);
    await expect(restoreProviders(changed, checkpoint, ['db'])).rejects.toThrow('holds a database of that name');
    await expect(restoreProviders(createProviderRegistry([]), checkpoint, true)).rejects.toThrow('known are: none');
  });

  it('fetches all dumps before it begins, and says what was restored before a failure', async () => {
    const checkpoint = await capture('db', 'flags');
    const damaged = { ...checkpoint, fetchBlob: () => Promise.reject(new Error('lost')) };
    await expect(restoreProviders(registry, damaged, ['flags', 'db'])).rejects.toThrow('lost');
    expect(restores).toEqual([]);
    const failing = createProviderRegistry([
      filed('db', { restore: () => Promise.reject(new Error('no')) }),
      json('flags'),
    ]);
    const error = await failure(restoreProviders(failing, checkpoint, ['flags', 'db']));
    expect(error.details).toMatchObject({ provider: 'db', restored: ['flags'] });
  });
});

describe('createJsonProvider', () => {
  it.each<[Json, Json, string[]]>([
    [{ a: 1, b: { c: 2, d: 3 } }, { b: { d: 3, c: 2 }, a: 1 }, []],
    [{ a: 1 }, {}, ['key "a" is missing']],
    [[1, 2], [2, 1], ['state differs']],
    ['x', { x: 1 }, ['state differs']],
  ])('compares %j with %j whatever the order of keys', async (captured, present, mismatches) => {
    world['flags'] = present;
    expect(await json('flags').verify({ state: captured })).toEqual(mismatches);
  });
});
