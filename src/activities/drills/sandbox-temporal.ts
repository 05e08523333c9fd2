import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { RerailError } from '../../domain/errors.ts';
import { awaitReady } from './await-ready.ts';
import { RERAIL } from './rerail-program.ts';
import { startAndRemember } from './sandbox-argv.ts';
import type { SandboxPlace } from './sandbox-place.ts';
import type { ServiceOf, ServiceStart } from './service-start.ts';

/** The development server, as `rerail up` finds and starts it; the composition root hands it in. */
export interface TemporalServer {
  /** The program with its arguments. */
  argvFor: (place: { port: number; dbFile: string }) => Promise<string[]>;
  answers: (address: string) => Promise<boolean>;
}

const LOOPBACK = '127.0.0.1';

/** Beside the sandbox: what a service keeps is no file that the drill looks after. */
async function folderOf({ root }: SandboxPlace, name: string): Promise<string> {
  const folder = path.join(root, 'services', name);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return folder;
}

const unless = (answered: boolean, what: string): void => {
  if (!answered) throw new Error(`${what} does not answer`);
};

export async function startTemporal(
  { name }: ServiceOf<'temporal'>,
  { place, port, signal }: ServiceStart,
  server: TemporalServer | undefined,
): Promise<void> {
  if (!server) {
    throw new RerailError('setup-failed', `the worker of this host knows no Temporal server for "${name}"`, {
      remedy: 'Run the drill by `rerail worker` or `rerail up`, or make its activities with hostDepsOf(settings).',
      nonRetryable: true,
    });
  }
  const cwd = await folderOf(place, name);
  const argv = await server.argvFor({ port, dbFile: path.join(cwd, 'temporal.db') });
  await startAndRemember(place, name, argv, { cwd });
  await awaitReady({ place, signal }, name, async () => unless(await server.answers(`${LOOPBACK}:${port}`), name));
}

export async function startWorker(
  { name, taskQueue }: ServiceOf<'worker'>,
  { place, port, signal }: ServiceStart,
  serverPort: number,
): Promise<void> {
  const cwd = await folderOf(place, name);
  // A home of its own: nobody's settings, channels and profiles are part of a drill.
  const env = {
    HOME: cwd,
    RERAIL_ADDRESS: `${LOOPBACK}:${serverPort}`,
    RERAIL_DATA_DIR: path.join(cwd, 'data'),
    RERAIL_HOST: name,
    RERAIL_LOG_LEVEL: 'warn',
    RERAIL_METRICS_HOST: LOOPBACK,
    RERAIL_METRICS_PORT: String(port),
    RERAIL_STORE_CARE: 'off',
    RERAIL_TASK_QUEUE: taskQueue,
  };
  await startAndRemember(place, name, [process.execPath, RERAIL, 'worker'], { cwd, env });
  await awaitReady({ place, signal }, name, async () =>
    unless((await fetch(`http://${LOOPBACK}:${port}/healthz`)).ok, name),
  );
}
