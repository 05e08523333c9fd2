import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { projectRoot } from '../../test/support/node-command.ts';

export const peersFolder = join(projectRoot, 'bench/peers');
const INSTALL_WITHIN_MS = 180_000;

interface PackageFile {
  version?: string;
  dependencies?: Record<string, string>;
}

export const readPackage = (folder: string): PackageFile =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as PackageFile;

/** Of the packages that the bench names: exact ones. */
export const peerVersions = (): Record<string, string> => readPackage(peersFolder).dependencies ?? {};

const isInstalled = ([name, version]: [string, string]): boolean => {
  const folder = join(peersFolder, 'node_modules', name);
  return existsSync(join(folder, 'package.json')) && readPackage(folder).version === version;
};

/** Puts the peers' packages beside their scripts, where they are not there yet. Undefined when all is well, else why not. */
export async function installPeers(): Promise<string | undefined> {
  if (Object.entries(peerVersions()).every(isInstalled)) return undefined;
  process.stderr.write('Installing the peers.\n');
  // No package needs its scripts; one of them would only report the installation to somebody.
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  try {
    await promisify(execFile)('npm', ['install', '--prefix', peersFolder, ...flags], {
      cwd: peersFolder,
      timeout: INSTALL_WITHIN_MS,
    });
    return undefined;
  } catch (error) {
    const { stderr } = error as { stderr?: string };
    const [reason] = (stderr ?? '').trim().split('\n');
    return `npm install failed: ${reason || String(error)}`;
  }
}
