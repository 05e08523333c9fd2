import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { failure } from './failure.mjs';
import { inRoot } from './paths.mjs';
import { runCaptured } from './run.mjs';

/** The two parts of the build, each made anew only when what it is made of has changed. */
const ENGINE = {
  files: [
    'package.json',
    'package-lock.json',
    'tsconfig.json',
    'tsconfig.build.json',
    'scripts/build-workflow-bundle.mjs',
  ],
  folders: ['src'],
  // Written last, so that a half-finished build never has one.
  marker: inRoot('dist', '.rerail-build'),
};
const DASHBOARD = {
  files: ['package-lock.json', 'dashboard/index.html', 'dashboard/vite.config.ts', 'dashboard/tsconfig.json'],
  folders: ['dashboard/src'],
  marker: inRoot('dist', '.rerail-dashboard-build'),
};

function filesUnder(directory) {
  return readdirSync(inRoot(directory), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** Of the contents, not of the times: a checkout or a copy changes those. */
function digestOf({ files, folders }) {
  const hash = createHash('sha256');
  for (const path of [...files.map((name) => inRoot(name)), ...folders.flatMap(filesUnder)]) {
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

async function buildEngine(report) {
  for (const name of existsSync(inRoot('dist')) ? readdirSync(inRoot('dist')) : []) {
    if (!name.includes('dashboard')) rmSync(inRoot('dist', name), { recursive: true, force: true });
  }
  report('tsc');
  await node('the TypeScript build', [inRoot('node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json']);
  report('workflow bundle');
  await node('the workflow bundle', [inRoot('scripts/build-workflow-bundle.mjs')]);
}

async function buildDashboard(report) {
  report('dashboard');
  await node('the dashboard', [
    inRoot('node_modules/vite/bin/vite.js'),
    'build',
    '--config',
    'dashboard/vite.config.ts',
  ]);
}

async function buildWhereStale(part, build) {
  const digest = digestOf(part);
  if (existsSync(part.marker) && readFileSync(part.marker, 'utf8') === digest) return false;
  rmSync(part.marker, { force: true });
  await build();
  writeFileSync(part.marker, digest);
  return true;
}

export async function ensureBuild(report) {
  const engine = await buildWhereStale(ENGINE, () => buildEngine(report));
  const dashboard = await buildWhereStale(DASHBOARD, () => buildDashboard(report));
  return engine || dashboard ? 'built' : 'up to date';
}
