import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** A back-up tool that is measured on the same tree, through its command line. */
export interface Peer {
  name: string;
  version: string;
  prepare(): void;
  backUp(root: string, round: number): void;
  /** The newest, into an empty directory; compared with the repository where the tool can do so. */
  restore(root: string, target: string): void;
}

function versionOf(argv: readonly [string, ...string[]]): string | undefined {
  const run = spawnSync(argv[0], argv.slice(1), { encoding: 'utf8' });
  return run.status === 0 ? run.stdout.split('\n')[0]?.trim() : undefined;
}

function restic(directory: string, version: string): Peer {
  const env = {
    PATH: process.env['PATH'],
    RESTIC_REPOSITORY: join(directory, 'repository'),
    RESTIC_PASSWORD: 'bench',
    RESTIC_CACHE_DIR: join(directory, 'cache'),
  };
  const run = (args: string[], cwd: string): void => {
    execFileSync('restic', ['--quiet', ...args], { env, cwd, stdio: 'pipe' });
  };
  return {
    name: 'restic',
    version,
    prepare() {
      rmSync(directory, { recursive: true, force: true });
      mkdirSync(directory, { recursive: true });
      run(['init'], directory);
    },
    backUp: (root) => {
      run(['backup', '.'], root);
    },
    restore: (_root, target) => {
      run(['restore', 'latest', '--verify', '--target', target], target);
    },
  };
}

function borg(directory: string, version: string): Peer {
  const repository = join(directory, 'repository');
  const env = {
    PATH: process.env['PATH'],
    BORG_BASE_DIR: directory,
    BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK: 'yes',
  };
  const run = (args: string[], cwd: string): void => {
    execFileSync('borg', args, { env, cwd, stdio: 'pipe' });
  };
  let newest = '';
  return {
    name: 'borg',
    version,
    prepare() {
      rmSync(directory, { recursive: true, force: true });
      mkdirSync(directory, { recursive: true });
      run(['init', '--encryption=none', repository], directory);
    },
    backUp(root, round) {
      newest = `${repository}::${String(round)}`;
      run(['create', newest, '.'], root);
    },
    restore: (_root, target) => {
      run(['extract', newest], target);
    },
  };
}

/** Those that are installed, and the names of those that are not. */
export function findPeers(directory: string): { peers: Peer[]; absent: string[] } {
  const peers: Peer[] = [];
  const absent: string[] = [];
  for (const [name, argv, open] of [
    ['restic', ['restic', 'version'], restic],
    ['borg', ['borg', '--version'], borg],
  ] as const) {
    const version = versionOf(argv);
    if (version === undefined) absent.push(name);
    else peers.push(open(join(directory, name), version));
  }
  return { peers, absent };
}
