import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { failure } from './failure.mjs';
import { inRoot } from './paths.mjs';
import { runCaptured } from './run.mjs';

/** Written last, so that a half-finished build never has one. */
const MARKER = inRoot('dist', '.rerail-build');

const INPUTS = [
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'scripts/build-workflow-bundle.mjs',
];

function filesUnder(directory) {
  return readdirSync(inRoot(directory), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** Of the contents, not of the times: a checkout or a copy changes those. */
function digestOfInputs() {
  const hash = createHash('sha256');
  for (const path of [...INPUTS.map((name) => inRoot(name)), ...filesUnder('src')]) {
    hash
      .update(`${path.slice(inRoot().length)}\0`)
      .update(readFileSync(path))
      .update('\0');
  }
  return `${hash.digest('hex')}\n`;
}

async function node(what, args) {
  const { exitCode, output } = await runCaptured(process.execPath, args);
  if (exitCode === 0) return;
  throw failure(
    `${what} failed:\n${output.trim().split('\n').slice(0, 40).join('\n')}`,
    'Correct what it names, then try again.',
  );
}

export async function ensureBuild(report) {
  const digest = digestOfInputs();
  if (existsSync(MARKER) && readFileSync(MARKER, 'utf8') === digest) return 'up to date';
  rmSync(inRoot('dist'), { recursive: true, force: true });
  report('tsc');
  await node('the TypeScript build', [inRoot('node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json']);
  report('workflow bundle');
  await node('the workflow bundle', [inRoot('scripts/build-workflow-bundle.mjs')]);
  writeFileSync(MARKER, digest);
  return 'built';
}
