import { runCaptured } from './run.mjs';

/** Programs that the suites drive for real. Node and npm packages bring everything else. */
const PROGRAMS = [{ command: 'git', aptPackage: 'git' }];

const succeeds = async (command, args) =>
  (await runCaptured(command, args).catch(() => ({ exitCode: 1 }))).exitCode === 0;

/** apt where it needs no password; otherwise undefined. */
async function aptCommand() {
  if (!(await succeeds('apt-get', ['--version']))) return undefined;
  if (process.getuid?.() === 0) return ['apt-get'];
  return (await succeeds('sudo', ['-n', 'true'])) ? ['sudo', '-n', 'apt-get'] : undefined;
}

async function missingPrograms() {
  const present = await Promise.all(PROGRAMS.map(({ command }) => succeeds(command, ['--version'])));
  return PROGRAMS.filter((_, index) => !present[index]);
}

/** Installs what is missing where it may, and returns the packages that somebody else has to install. */
export async function ensureSystemPackages() {
  const missing = await missingPrograms();
  if (missing.length === 0) return [];
  const packages = missing.map(({ aptPackage }) => aptPackage);
  const apt = await aptCommand();
  if (apt) {
    process.stderr.write(`Installing ${packages.join(', ')} with apt-get.\n`);
    const [command, ...first] = apt;
    await runCaptured(command, [...first, 'install', '-y', '--no-install-recommends', ...packages]);
  }
  return (await missingPrograms()).map(({ aptPackage }) => aptPackage);
}
