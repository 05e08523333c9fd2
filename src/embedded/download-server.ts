import { spawn } from 'node:child_process';
import { copyFile, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Without a single new byte for this long the download counts as out of reach. */
const STALLED_AFTER_MS = 8000;

/** The SDK can only download by starting a server, and it cannot be told to stop: hence a process that can be. */
const DOWNLOAD_SCRIPT = `
const { TestWorkflowEnvironment } = require(process.argv[1]);
const executable = { type: 'cached-download', downloadDir: process.argv[2] };
TestWorkflowEnvironment.createLocal({ server: { executable } })
  .then((env) => env.teardown())
  .catch((error) => { process.stderr.write(String(error.message)); process.exit(1); });
`;

async function bytesIn(directory: string): Promise<number> {
  const names = await readdir(directory);
  const sizes = await Promise.all(
    names.map((name) =>
      stat(join(directory, name)).then(
        (entry) => entry.size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

async function runDownload(directory: string, onProgress: (line: string) => void): Promise<void> {
  const sdk = createRequire(import.meta.url).resolve('@temporalio/testing');
  const child = spawn(process.execPath, ['-e', DOWNLOAD_SCRIPT, sdk, directory], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = new Promise<number | null>((resolve) => child.once('error', () => resolve(null)).once('exit', resolve));
  let done = false;
  void ended.then(() => (done = true));
  let bytes = 0;
  let announced = 0;
  for (let lastGrowth = Date.now(); !done; await Promise.race([ended, sleep(250, undefined, { ref: false })])) {
    const now = await bytesIn(directory);
    if (now > bytes) lastGrowth = Date.now();
    bytes = now;
    if (bytes - announced > 20_000_000) {
      announced = bytes;
      onProgress(`downloaded ${Math.round(bytes / 1_000_000)} MB`);
    }
    if (Date.now() - lastGrowth > STALLED_AFTER_MS) {
      child.kill('SIGKILL');
      throw new Error(`temporal.download did not answer within ${STALLED_AFTER_MS / 1000} s`);
    }
  }
  if ((await ended) !== 0) throw new Error(stderr.split('\n')[0]?.slice(0, 300) || 'the download failed');
}

/** Downloads the official release to the given file; throws the reason when it is out of reach. */
export async function downloadServer(file: string, onProgress: (line: string) => void): Promise<void> {
  const directory = await mkdtemp(`${file}.download-`);
  try {
    await runDownload(directory, onProgress);
    const [name] = await readdir(directory);
    if (name === undefined) throw new Error('the download left no file');
    await copyFile(join(directory, name), file);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
