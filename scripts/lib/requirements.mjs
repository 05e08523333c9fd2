import { existsSync, statfsSync, statSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { failure } from './failure.mjs';
import { cacheDir, inRoot, root } from './paths.mjs';
import { runCaptured } from './run.mjs';

const MINIMUM_NODE = [20, 20];
const GIB = 1024 ** 3;
const PACKAGES_BYTES = 0.6 * GIB;
/** While it is built; what stays is 0.2 GiB. */
const SERVER_BYTES = 3.5 * GIB;

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  const [wantedMajor, wantedMinor] = MINIMUM_NODE;
  if (major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)) return;
  throw failure(
    `Node ${process.versions.node} is too old, ${MINIMUM_NODE.join('.')} or newer is needed`,
    'Install it from https://nodejs.org, or with a version manager such as nvm or fnm.',
  );
}

async function gitVersion() {
  const { exitCode, output } = await runCaptured('git', ['--version']).catch(() => ({ exitCode: 1, output: '' }));
  if (exitCode === 0) return output.trim().replace('git version ', '');
  throw failure('git is not installed, and checkpoints are kept in it', 'Install git with your package manager.');
}

const existingParent = (path) => (existsSync(path) ? path : existingParent(dirname(path)));

/** A guess from the outside; `findServer` decides for good once the build is there. */
function seemsToHaveServer() {
  const directories = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  return (
    Boolean(process.env.RERAIL_TEMPORAL_BIN) ||
    existsSync(join(cacheDir(), 'temporal-server-2', 'temporal')) ||
    directories.some((directory) => existsSync(join(directory, 'temporal')))
  );
}

/** Adds up by file system what is still to come, and compares it with what is free there. */
function checkDisk() {
  const needs = [];
  if (!existsSync(inRoot('node_modules'))) needs.push({ path: root, bytes: PACKAGES_BYTES });
  if (!seemsToHaveServer()) needs.push({ path: existingParent(cacheDir()), bytes: SERVER_BYTES });
  const byDevice = new Map();
  for (const { path, bytes } of needs) {
    const { dev } = statSync(path);
    const sum = byDevice.get(dev)?.bytes ?? 0;
    byDevice.set(dev, { path, bytes: sum + bytes });
  }
  for (const { path, bytes } of byDevice.values()) {
    const { bavail, bsize } = statfsSync(path);
    const free = bavail * bsize;
    if (free >= bytes) continue;
    throw failure(
      `the set-up needs ${(bytes / GIB).toFixed(1)} GiB on the disk of ${path}, ${(free / GIB).toFixed(1)} GiB are free`,
      'Free some space. A temporal CLI of your own (RERAIL_TEMPORAL_BIN) saves 3.5 GiB of it.',
    );
  }
}

export async function checkRequirements() {
  checkNode();
  const git = await gitVersion();
  checkDisk();
  return `Node ${process.versions.node}, git ${git}`;
}
