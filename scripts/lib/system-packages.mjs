import { accessSync, constants, existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { inRoot } from './paths.mjs';
import { runCaptured } from './run.mjs';

const DEBIAN_POSTGRES = '/usr/lib/postgresql';

const succeeds = async (command, args) =>
  (await runCaptured(command, args).catch(() => ({ exitCode: 1 }))).exitCode === 0;

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Debian keeps the server's programs of each version in a directory of its own, which is not on PATH. */
async function hasPostgres() {
  const versions = existsSync(DEBIAN_POSTGRES) ? readdirSync(DEBIAN_POSTGRES) : [];
  const programs = ['initdb', 'postgres', 'pg_dump', 'pg_restore', 'psql'];
  const isWhole = (version) => programs.every((name) => isExecutable(join(DEBIAN_POSTGRES, version, 'bin', name)));
  if (versions.some(isWhole)) return true;
  const onPath = await Promise.all(programs.map((name) => succeeds(name, ['--version'])));
  return onPath.every(Boolean);
}

const SUITE = '.test.ts';

/** Names of the suites in whose text one of the words is. */
function suitesWith(...words) {
  const files = readdirSync(inRoot('test'), { recursive: true }).filter((file) => file.endsWith(SUITE));
  const needs = (file) => {
    const text = readFileSync(inRoot(join('test', file)), 'utf8');
    return words.some((word) => text.includes(word));
  };
  return files.filter(needs).map((file) => basename(file, SUITE));
}

/**
 * What the suites drive for real; node and npm packages bring everything else. The tests start servers of their own, so
 * that the `service` an installation brings along is stopped again.
 */
export const PACKAGES = [
  { aptPackage: 'git', isPresent: () => succeeds('git', ['--version']), suites: () => ['all suites with checkpoints'] },
  {
    aptPackage: 'postgresql',
    isPresent: hasPostgres,
    service: 'postgresql',
    suites: () => suitesWith('findPostgres', 'startPostgres'),
  },
  {
    aptPackage: 'redis-server',
    isPresent: () => succeeds('redis-server', ['--version']),
    service: 'redis-server',
    suites: () => suitesWith('findRedis', 'startRedis'),
  },
  {
    aptPackage: 'prometheus',
    isPresent: async () => (await succeeds('prometheus', ['--version'])) && succeeds('promtool', ['--version']),
    service: 'prometheus',
    suites: () => suitesWith('promtool'),
  },
  {
    aptPackage: 'tmux',
    isPresent: () => succeeds('tmux', ['-V']),
    suites: () => suitesWith('skipWithoutTmux', 'createTmuxServer'),
  },
  {
    aptPackage: 'tmuxp',
    isPresent: () => succeeds('tmuxp', ['--version']),
    suites: () => suitesWith('skipWithoutTmuxp'),
  },
  { aptPackage: 'stress-ng', isPresent: () => succeeds('stress-ng', ['--version']), suites: () => ['drill-faults'] },
  { aptPackage: 'faketime', isPresent: () => succeeds('faketime', ['--version']), suites: () => ['drill-faults'] },
  {
    aptPackage: 'chromium',
    isPresent: () => succeeds('chromium', ['--version']),
    suites: () => suitesWith('chromiumVersion', 'launchChromium'),
  },
];

/** How to run a program with the rights that apt needs, where that takes no password; otherwise undefined. */
async function privileged() {
  if (!(await succeeds('apt-get', ['--version']))) return undefined;
  if (process.getuid?.() === 0) return ['env', 'DEBIAN_FRONTEND=noninteractive'];
  const sudo = ['sudo', '-n'];
  return (await succeeds('sudo', ['-n', 'true'])) ? [...sudo, 'env', 'DEBIAN_FRONTEND=noninteractive'] : undefined;
}

async function missingPackages() {
  const present = await Promise.all(PACKAGES.map(({ isPresent }) => isPresent()));
  return PACKAGES.filter((_, index) => !present[index]);
}

const isRunning = (service) => succeeds('service', [service, 'status']);

async function install([command, ...first], packages) {
  const run = (...args) => runCaptured(command, [...first, ...args]);
  const names = packages.map(({ aptPackage }) => aptPackage);
  const apt = ['apt-get', '-o', 'DPkg::Lock::Timeout=120'];
  const attempt = () => run(...apt, 'install', '-y', '--no-install-recommends', ...names);
  const running = await Promise.all(packages.map(({ service }) => service !== undefined && isRunning(service)));
  let result = await attempt();
  if (result.exitCode !== 0) {
    // The list of packages is absent or names versions that are gone.
    await run(...apt, 'update');
    result = await attempt();
  }
  if (result.exitCode !== 0) {
    process.stderr.write(`apt-get ended with ${result.exitCode}: ${result.output.trim().split('\n').at(-1)}\n`);
  }
  for (const [index, { service }] of packages.entries()) {
    if (service === undefined || running[index]) continue;
    // Neither now nor at the next start of the machine; where it is not known, there is nothing to stop.
    await run('service', service, 'stop');
    await run('update-rc.d', service, 'disable');
  }
}

/** Installs what is missing where it may, and returns what somebody else has to install. */
export async function ensureSystemPackages() {
  const missing = await missingPackages();
  if (missing.length === 0) return [];
  const prefix = await privileged();
  if (prefix === undefined) return missing;
  process.stderr.write(`Installing ${missing.map(({ aptPackage }) => aptPackage).join(', ')} with apt-get.\n`);
  await install(prefix, missing);
  return missingPackages();
}
