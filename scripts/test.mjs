import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runMain } from './lib/failure.mjs';
import { inRoot } from './lib/paths.mjs';
import { runAttached } from './lib/run.mjs';
import { setUp } from './lib/set-up.mjs';
import { ensureSystemPackages } from './lib/system-packages.mjs';

async function runVitest(args, serverPath) {
  const directory = mkdtempSync(join(tmpdir(), 'rerail-counts-'));
  const file = join(directory, 'counts.json');
  // With PATH and cache already searched, the suites need not search again.
  const env = { ...process.env, RERAIL_TEST_COUNTS: file, RERAIL_TEMPORAL_BIN: serverPath };
  const reporters = ['--reporter=default', `--reporter=${inRoot('scripts/lib/counting-reporter.mjs')}`];
  const vitest = inRoot('node_modules/vitest/vitest.mjs');
  try {
    const exitCode = await runAttached(process.execPath, [vitest, 'run', ...reporters, ...args], { env });
    return { exitCode, counts: existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** So that building them is part of the set-up; where it fails, the suites that need them say so themselves. */
async function prepareTestTools() {
  const { tsImport } = await import('tsx/esm/api');
  const { ensureTestTools } = await tsImport('./lib/test-tools.ts', import.meta.url);
  const report = (line) => void process.stderr.write(`${line}\n`);
  await ensureTestTools(report).catch((error) => report(error.message));
}

await runMain(async () => {
  const args = process.argv.slice(2);
  const { serverPath } = await setUp({ ownServer: true });
  const missing = await ensureSystemPackages();
  if (args.length === 0) await prepareTestTools();
  const { exitCode, counts } = await runVitest(args, serverPath);
  if (missing.length > 0) {
    const skipped = new Set(missing.flatMap(({ suites }) => suites()));
    console.log(`Skipped for want of programs: ${[...skipped].join(', ')}`);
    console.log(`They need: sudo apt-get install -y ${missing.map(({ aptPackage }) => aptPackage).join(' ')}`);
  }
  if (!counts) console.log('The test run ended before it could be counted.');
  const { passed, failed, skipped } = counts ?? { passed: 0, failed: 1, skipped: 0 };
  console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
  const isBad = failed > 0 || passed === 0 || (missing.length > 0 && process.env.CI === 'true');
  return exitCode || (isBad ? 1 : 0);
});
