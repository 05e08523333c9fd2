import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { newId } from '../../src/domain/ids.ts';
import { makeBench, makeInfo, openActivities, type Bench } from './checkpoint-fixtures.ts';

/** Called once by a test file: each of its tests finds a new bench in the same object. */
export function newBenchForEach() {
  const bench = {} as Bench;
  beforeEach(() => {
    Object.assign(bench, makeBench());
  });
  afterEach(() => {
    bench.close();
  });
  return {
    bench,
    at: (path: string): string => join(bench.root, path),
    async capture(more: object = {}): Promise<string> {
      const { captureCheckpoint } = await openActivities(bench);
      const id = newId('cp');
      await captureCheckpoint({ info: makeInfo(id), root: bench.root, ...more });
      return id;
    },
    /** Nothing but the workspace, the store and the data may be left beside it. */
    leftovers: (): string[] => readdirSync(bench.directory).filter((name) => !['work', 'store', 'data'].includes(name)),
    packFiles: (): string[] => readdirSync(join(bench.storePath, 'repository/objects/pack')),
    fsck: (): string =>
      execFileSync('git', ['fsck', '--full', '--strict'], {
        env: { PATH: process.env['PATH'], GIT_DIR: join(bench.storePath, 'repository') },
        encoding: 'utf8',
        stdio: 'pipe',
      }),
  };
}
