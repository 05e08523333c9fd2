import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { failure } from './failure.mjs';
import { recordChild } from './lock.mjs';
import { inRoot } from './paths.mjs';
import { runNpm } from './run.mjs';

const LOCK = inRoot('package-lock.json');
/** Written last and inside, so that a half-finished installation never has one. */
const MARKER = inRoot('node_modules', '.rerail-packages');

/** Some packages bring binaries for one platform only. */
const PLATFORM = `${process.platform}-${process.arch}`;

const wanted = () => `${createHash('sha256').update(readFileSync(LOCK)).digest('hex')} ${PLATFORM}\n`;

const readOr = (path, fallback) => (existsSync(path) ? readFileSync(path, 'utf8') : fallback);

/** npm's own record, which it writes last too, against the lock; and each package against the disk. */
function isComplete() {
  const record = readOr(inRoot('node_modules', '.package-lock.json'), undefined);
  if (record === undefined) return false;
  const installed = JSON.parse(record).packages ?? {};
  return Object.entries(JSON.parse(readFileSync(LOCK, 'utf8')).packages).every(([path, entry]) => {
    if (path === '') return true;
    const found = installed[path];
    if (!found) return entry.optional === true || entry.peer === true;
    return found.version === entry.version && existsSync(inRoot(path, 'package.json'));
  });
}

async function install() {
  rmSync(MARKER, { force: true });
  const args = ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
  const { exitCode, output } = await runNpm(args, { onSpawn: recordChild });
  if (exitCode === 0) return;
  const reason = output
    .split('\n')
    .filter((line) => /^npm err/i.test(line))
    .slice(0, 12)
    .join('\n');
  throw failure(
    `npm ci ended with ${exitCode}:\n${reason || output.trim().slice(-1000)}`,
    'Check the network and `npm config get registry`, then try again.',
  );
}

export async function ensurePackages(report) {
  const marker = readOr(MARKER, '');
  const ofOtherPlatform = marker !== '' && !marker.includes(PLATFORM);
  if (!ofOtherPlatform && isComplete()) {
    // Absent or old after an `npm install` by hand, which is as good.
    if (marker !== wanted()) writeFileSync(MARKER, wanted());
    return 'up to date';
  }
  report('npm ci');
  await install();
  writeFileSync(MARKER, wanted());
  return 'installed';
}
