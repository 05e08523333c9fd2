import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../support/harness.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The lines of the blocks that readers are meant to type. */
async function commandsOf(file: string): Promise<string[]> {
  const text = await readFile(path.join(ROOT, file), 'utf8');
  return [...text.matchAll(/```sh\n([\s\S]*?)```/g)].flatMap(([, block = '']) => block.trim().split('\n'));
}

/** Words of a line as a shell would split it; the README uses double quotes only. */
const wordsOf = (line: string): string[] =>
  [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? '');

describe('the README', () => {
  let dataDir: string;
  let up: ChildProcess;
  let said = '';
  const env = () => ({ ...process.env, RERAIL_DATA_DIR: dataDir, RERAIL_SERVER_PORT: '0', RERAIL_UI_PORT: '0' });

  beforeAll(async () => {
    dataDir = await mkdtemp(path.join(tmpdir(), 'rerail-readme-'));
    up = spawn('npm', ['start'], { cwd: ROOT, env: env(), stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    for (const stream of [up.stdout, up.stderr]) stream?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    await until(() => Promise.resolve(said.includes('Ctrl-C stops it') || up.exitCode !== null), 'npm start', 180_000);
  }, 200_000);

  afterAll(async () => {
    const ended = new Promise((resolve) => up.once('exit', resolve));
    if (up.pid !== undefined && up.exitCode === null) process.kill(-up.pid, 'SIGINT');
    await ended;
    await rm(dataDir, { recursive: true, force: true });
  }, 60_000);

  it('has a first command that shows four recoveries and stays up', () => {
    expect(said).toContain('All four ended as they should.');
  });

  it('has only commands that work', async () => {
    const commands = await commandsOf('README.md');
    expect(commands).toContain('npm start');
    // `npm start` runs already, and the demonstration has a test of its own.
    const rest = commands.filter((line) => line !== 'npm start' && !line.startsWith('npm run demo'));
    expect(rest.length).toBeGreaterThan(3);
    for (const line of rest) {
      const [command = '', ...words] = wordsOf(line);
      const { stdout } = await promisify(execFile)(command, words, { cwd: ROOT, env: env() });
      expect(stdout, line).not.toBe('');
    }
  });

  it('links to files that exist', async () => {
    const text = await readFile(path.join(ROOT, 'README.md'), 'utf8');
    for (const [, target = ''] of text.matchAll(/\]\(([^)#:]+)\)/g)) {
      await expect(promisify(execFile)('ls', ['-d', path.join(ROOT, target)])).resolves.toBeDefined();
    }
  });
});
