import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { SandboxPlace } from './sandbox-place.ts';
import { startSandboxProcess, type StartOptions } from './sandbox-processes.ts';

export interface ProcessStart {
  argv: readonly string[];
  options: StartOptions;
}

const fileOf = ({ pids }: SandboxPlace, name: string): string => path.join(pids, `${name}.start.json`);

/** How one was started, so that a fault can be taken back. Undefined for a name that the sandbox does not have. */
export async function argvOfProcess(place: SandboxPlace, name: string): Promise<ProcessStart | undefined> {
  const text = await readFile(fileOf(place, name), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as ProcessStart);
}

export async function startAndRemember(
  place: SandboxPlace,
  name: string,
  argv: readonly string[],
  options: StartOptions = {},
): Promise<void> {
  await writeFile(fileOf(place, name), JSON.stringify({ argv, options } satisfies ProcessStart), { mode: 0o600 });
  await startSandboxProcess(place, name, argv, options);
}
