import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { DrillSpec } from '../../domain/drill.ts';
import { git } from './faults/git-program.ts';
import { RERAIL } from './rerail-program.ts';
import { mountDisks } from './sandbox-disks.ts';
import { openSandbox, type SandboxPlace } from './sandbox-place.ts';
import { choosePorts, type Ports } from './sandbox-ports.ts';

export interface PrepareSandboxInput {
  /** Of the drill: workflow and run. */
  id: string;
  sandbox: DrillSpec['sandbox'];
}

export interface PreparedSandbox {
  path: string;
  /** What templates may speak of besides. */
  inputs?: { ports: Ports; secrets: string; socket: string; rerail: string };
}

async function initRepository({ work }: SandboxPlace): Promise<void> {
  await git(work, ['init', '--quiet', '--initial-branch', 'main', '.']);
  // Commands under test commit too, on hosts where nobody has told git who they are.
  await git(work, ['config', 'user.name', 'rerail']);
  await git(work, ['config', 'user.email', 'rerail@localhost']);
  await git(work, ['add', '--all', '.']);
  await git(work, ['commit', '--quiet', '--allow-empty', '--message', 'as it should be']);
}

/** May be repeated: a second try makes the same again. Stops between its steps when the signal comes, with that reason. */
export async function prepareSandbox(
  dataDir: string,
  { id, sandbox }: PrepareSandboxInput,
  signal?: AbortSignal,
): Promise<PreparedSandbox> {
  signal?.throwIfAborted();
  const place = await openSandbox(dataDir, id);
  const { work, secrets, socket } = place;
  await mountDisks(place, sandbox, signal);
  for (const [name, content] of Object.entries(sandbox.files)) {
    signal?.throwIfAborted();
    const file = path.join(work, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, content);
  }
  signal?.throwIfAborted();
  if (sandbox.git) await initRepository(place);
  const ports = await choosePorts(place, sandbox);
  return { path: work, inputs: { ports, secrets, socket, rerail: RERAIL } };
}
