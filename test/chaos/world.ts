import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openActivities, snapshot, type Bench } from '../integration/checkpoint-fixtures.ts';

/** A workspace with its store at a fixed place, which can be put back to a saved state between two trials. */
export interface World {
  bench: Bench;
  at(path: string): string;
  save(name: string): void;
  load(name: string): void;
  close(): void;
}

export function makeWorld(above = tmpdir()): World {
  const home = mkdtempSync(join(above, 'rerail-chaos-'));
  const directory = join(home, 'world');
  const root = join(directory, 'work');
  mkdirSync(root, { recursive: true });
  const remove = (path: string): void => rmSync(path, { recursive: true, force: true });
  const makeRemovable = (): void => void execFileSync('chmod', ['-R', 'u+rwX', home]);
  const bench: Bench = {
    directory,
    root,
    storePath: join(directory, 'store'),
    dataDir: join(directory, 'data'),
    close: () => undefined,
  };
  return {
    bench,
    at: (path) => join(root, path),
    save(name) {
      execFileSync('cp', ['-a', directory, join(home, `saved-${name}`)]);
    },
    load(name) {
      if (process.geteuid?.() !== 0) makeRemovable();
      remove(directory);
      execFileSync('cp', ['-a', join(home, `saved-${name}`), directory]);
    },
    close() {
      makeRemovable();
      remove(home);
    },
  };
}

/** The tree with every byte and attribute, in one text. */
export const pictureOf = (bench: Pick<Bench, 'root'>): string => snapshot(bench.root).join('\n');

const packDirectory = (bench: Pick<Bench, 'storePath'>): string => join(bench.storePath, 'repository/objects/pack');

export const packFiles = (bench: Pick<Bench, 'storePath'>): string[] => readdirSync(packDirectory(bench));

/** Paths of the files of the store's packs that end so. */
export const packPaths = (bench: Pick<Bench, 'storePath'>, suffix: string): string[] =>
  packFiles(bench)
    .filter((name) => name.startsWith('pack-') && name.endsWith(suffix))
    .map((name) => join(packDirectory(bench), name));

function fsck(bench: Pick<Bench, 'storePath'>): string | undefined {
  try {
    const said = execFileSync('git', ['fsck', '--full', '--strict', '--no-dangling'], {
      env: { PATH: process.env['PATH'], GIT_DIR: join(bench.storePath, 'repository') },
      encoding: 'utf8',
      stdio: 'pipe',
    });
    return said === '' ? undefined : said;
  } catch (error) {
    return String((error as { stderr?: unknown }).stderr ?? error);
  }
}

const BESIDE = ['work', 'store', 'data'];

/** What is wrong after the dust has settled; nothing for a world in order. */
export async function inspect(bench: Bench, acknowledged: Iterable<string>): Promise<string[]> {
  const wrong: string[] = [];
  const { store } = await openActivities(bench);
  const listed = new Set((await store.list()).map(({ id }) => id));
  for (const id of acknowledged) {
    if (!listed.has(id)) wrong.push(`the acknowledged checkpoint ${id} is lost`);
    else if ((await store.verify(id, 'full')).length > 0) wrong.push(`the acknowledged checkpoint ${id} is damaged`);
  }
  const [problem] = await store.check();
  if (problem !== undefined) wrong.push(`check: ${JSON.stringify(problem)}`);
  const said = fsck(bench);
  if (said !== undefined) wrong.push(`git fsck: ${said}`);
  const beside = readdirSync(bench.directory).filter((name) => !BESIDE.includes(name));
  if (beside.length > 0) wrong.push(`left beside the tree: ${beside.join(', ')}`);
  const half = packFiles(bench).filter((name) => name.startsWith('tmp_'));
  if (half.length > 0) wrong.push(`left in the store: ${half.join(', ')}`);
  const locks = readdirSync(join(bench.storePath, 'locks'));
  if (locks.length > 0) wrong.push(`left in the store: locks ${locks.join(', ')}`);
  return wrong;
}
