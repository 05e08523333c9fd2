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
const wanted = () =>
  `${createHash('sha256').update(readFileSync(LOCK)).digest('hex')} ${process.platform}-${process.arch}\n`;

const readOr = (path, fallback) => (existsSync(path) ? readFileSync(path, 'utf8') : fallback);

/** Somebody ran `npm install` by hand: npm's own record, written last too, says whether it is what the lock asks for. */
function isInstalledByHand() {
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
  if (readOr(MARKER, '') === wanted()) return 'up to date';
  if (isInstalledByHand()) {
    writeFileSync(MARKER, wanted());
    return 'up to date';
  }
  report('npm ci');
  await install();
  writeFileSync(MARKER, wanted());
  return 'installed';
}
