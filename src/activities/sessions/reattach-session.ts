import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { RerailError } from '../../domain/errors.ts';
import type { SessionSpec } from '../../domain/session.ts';
import { commandEnvironment } from '../../process/command-environment.ts';
import { findCommand } from '../../process/find-command.ts';
import { sendSignal } from '../../process/proc.ts';
import { isAlive, type ProcessIdentity } from '../../process/process-identity.ts';
import { startDetached } from '../../process/start-detached.ts';
import { lookAtSession } from './check-session.ts';
import { subjectOfSession } from './session-names.ts';
import type { Tmux } from './tmux.ts';

export interface Reattached {
  session: string;
  /** The client that was started; null when somebody was attached already. */
  client: number | null;
  undo: string;
}

interface ClientRecord {
  key: string;
  process: ProcessIdentity;
}

const ATTACHED_WITHIN_MS = 4000;

const recordOf = (folder: string, spec: SessionSpec): string =>
  path.join(folder, `${subjectOfSession(spec).replaceAll('/', '-')}.client.json`);

async function readRecord(file: string): Promise<ClientRecord | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as ClientRecord);
}

/** Ends the client that we have started, where it still runs, with all that it has started. */
async function endClient(file: string, only?: string): Promise<boolean> {
  const record = await readRecord(file);
  if (!record || (only !== undefined && record.key !== only)) return false;
  const lives = isAlive(record.process, file);
  if (lives) sendSignal(-record.process.pid, 'SIGTERM');
  await rm(file, { force: true });
  return lives;
}

/**
 * Has a client attach again (requirement 6.1): the program of the definition, in a process group of its own that outlives
 * the worker. One that it started before and that is not attached is ended first. Throws `session-failed`.
 */
export async function reattachSession(
  tmux: Tmux,
  spec: SessionSpec,
  { key, folder }: { key: string; folder: string },
): Promise<Reattached> {
  const { session, reading } = await lookAtSession(tmux, spec, undefined);
  if (!session)
    throw new RerailError('session-not-found', `There is nothing to attach to: ${reading.problems.join('; ')}`, {
      remedy: 'Make it again from its checkpoint: `rerail session restore`, or the failure type crashed.',
      nonRetryable: true,
    });
  if (session.attached > 0) return { session: session.name, client: null, undo: 'none: nothing was changed' };
  const argv = spec.client?.argv;
  if (!argv)
    throw new RerailError(
      'session-failed',
      `Nobody is attached to ${session.name}, and no client is defined that could`,
      {
        remedy: 'Give the program that attaches as session.client.argv of the component, or attach by hand.',
        nonRetryable: true,
      },
    );
  const file = recordOf(folder, spec);
  await endClient(file);
  const { env } = await commandEnvironment({
    envAllow: ['TERM', 'DISPLAY', 'WAYLAND_DISPLAY', 'XDG_RUNTIME_DIR', 'TMUX_TMPDIR'],
  });
  const program = await findCommand(argv[0] ?? '', '/', env['PATH']);
  const started = await startDetached([program, ...argv.slice(1)], { TERM: 'xterm-256color', ...env });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFile(`${file}.new`, JSON.stringify({ key, process: started } satisfies ClientRecord), { mode: 0o600 });
  await rename(`${file}.new`, file);
  const deadline = Date.now() + ATTACHED_WITHIN_MS;
  while ((await tmux.run(['list-clients', '-t', session.id, '-F', 'x'])) === '') {
    if (!isAlive(started, file) || Date.now() >= deadline)
      throw new RerailError(
        'session-failed',
        `The client ${argv[0] ?? ''} ${isAlive(started, file) ? 'has not attached within 4 s' : 'ended without attaching'}`,
        { remedy: 'Run session.client.argv by hand to see why; it needs a terminal of its own.' },
      );
    await sleep(50);
  }
  return { session: session.name, client: started.pid, undo: `ends the client process ${started.pid}` };
}

/** Ends the client that this recovery has started. */
export const undoReattach = (spec: SessionSpec, { key, folder }: { key: string; folder: string }): Promise<boolean> =>
  endClient(recordOf(folder, spec), key);
