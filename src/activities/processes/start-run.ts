import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { PastStart, SupervisedProcess } from '../../domain/process.ts';
import { commandEnvironment } from '../../process/command-environment.ts';
import { findCommand } from '../../process/find-command.ts';
import { resolveInside } from '../../process/inside.ts';
import { lookAtRun, type ProcessFolder, type Run } from './process-folder.ts';

/** Run from source, as tests do, the built supervisor is used: Node 20 does not run TypeScript. */
const GUARD = fileURLToPath(
  new URL(
    import.meta.url.endsWith('.ts') ? '../../../dist/activities/processes/guard.js' : './guard.js',
    import.meta.url,
  ),
);
const LOOK_EVERY_MS = 25;
/** A supervisor needs some 100 ms to claim its run; past this it never will. */
const CLAIM_WITHIN_MS = 30_000;

export interface StartReason {
  key: string;
  by: string;
  reason: PastStart['reason'];
}

/** What can be checked before anything is ended or started. Throws what is wrong with the definition. */
export async function checkDefinition(definition: SupervisedProcess): Promise<{ file: string; secretNames: string[] }> {
  const cwd = await resolveInside(definition.cwd, '.', 'cwd');
  const { env, secrets } = await commandEnvironment(definition);
  const file = await findCommand(definition.argv[0] ?? '', cwd, env['PATH']);
  return { file, secretNames: secrets.length > 0 ? Object.keys(definition.secretEnv ?? {}) : [] };
}

/** Writes down what is to be started; started is it by `awaitStart`, however often that is begun anew. */
export async function addRun(folder: ProcessFolder, definition: SupervisedProcess, why: StartReason): Promise<Run> {
  const found = await checkDefinition(definition);
  return folder.add({ token: randomUUID(), ...why, at: Date.now(), definition, ...found });
}

async function spawnGuard({ folder, spec }: Run): Promise<void> {
  const { env } = await commandEnvironment(spec.definition);
  const child = spawn(process.execPath, [GUARD, folder], {
    cwd: spec.definition.cwd,
    detached: true,
    stdio: 'ignore',
    env,
  });
  child.unref();
  await once(child, 'spawn');
}

/** Goes on until the process runs or has ended. A run that an earlier try has begun to start is started once all the same. */
export async function awaitStart(run: Run): Promise<void> {
  let spawned = false;
  const until = Date.now() + CLAIM_WITHIN_MS;
  for (;;) {
    const { state } = await lookAtRun(run);
    if (state === 'running' || state === 'ended') return;
    if (state === 'unclaimed' && !spawned) {
      await spawnGuard(run);
      spawned = true;
    }
    if (Date.now() > until) throw new Error(`the supervisor ${GUARD} of ${run.spec.definition.name} did not start`);
    await delay(LOOK_EVERY_MS);
  }
}
