import { setTimeout as sleep } from 'node:timers/promises';
import { RerailError } from '../../domain/errors.ts';
import type { SessionSpec } from '../../domain/session.ts';
import { sendSignal, statOf } from '../../process/proc.ts';
import { lookAtSession, type Baseline } from './check-session.ts';
import { describeFrozen, findFrozen } from './find-frozen.ts';
import { stoppedServer } from './server-process.ts';
import { ANSWER_MS, type Tmux } from './tmux.ts';

const LOOK_EVERY_MS = 75;
const AWAKE_LOOKS = 4;

export interface Unfrozen {
  session: string;
  woken: string[];
  undo: string;
}

const tried = (woken: readonly string[]): string => (woken.length === 0 ? '' : `after ${woken.join(', ')}, `);

/** The server that was woken, where it is stopped again. */
async function describeStopped(server: number | undefined): Promise<string[]> {
  const stopped = server !== undefined && (await statOf(server))?.state === 'T';
  return stopped ? [`tmux server ${server} is stopped again (state T)`] : [];
}

/**
 * Wakes what is stopped, lets go of a terminal that C-s holds, and sees within two seconds that it helped (requirement 6.1).
 * Nothing is typed into a pane that is not held: there C-q is a key like others. Throws `session-failed`.
 */
export async function unfreezeSession(
  tmux: Tmux,
  spec: SessionSpec,
  baseline: Baseline | undefined,
): Promise<Unfrozen> {
  const woken: string[] = [];
  const undo: string[] = [];
  let looked = await lookAtSession(tmux, spec, baseline);
  let server: number | undefined;
  if (!looked.session && looked.reading.health === 'frozen') {
    server = await stoppedServer(tmux);
    if (server !== undefined && sendSignal(server, 'SIGCONT')) {
      woken.push(`tmux server ${server}: SIGCONT`);
      undo.push(`SIGSTOP to ${server}`);
      looked = await lookAtSession(tmux, spec, baseline);
    }
  }
  if (!looked.session)
    throw new RerailError(
      'session-failed',
      `The session cannot be woken: ${tried(woken)}${looked.reading.problems.join('; ')}`,
      {
        remedy: 'Make it again from its checkpoint: `rerail session restore`, or the failure type crashed.',
        nonRetryable: true,
      },
    );
  for (const { pane, stopped, held } of looked.frozen) {
    for (const pid of stopped) if (sendSignal(pid, 'SIGCONT')) woken.push(`process ${pid} in pane ${pane.id}: SIGCONT`);
    if (held) {
      await tmux.run(['send-keys', '-t', pane.id, 'C-q']);
      woken.push(`pane ${pane.id}: C-q`);
    }
    undo.push(...stopped.map((pid) => `SIGSTOP to ${pid}`), ...(held ? [`C-s in pane ${pane.id}`] : []));
  }
  const panes = looked.frozen.map(({ pane }) => pane);
  const deadline = Date.now() + ANSWER_MS;
  // What stops again as soon as it is woken is awake in between.
  for (let awake = 0; awake < AWAKE_LOOKS;) {
    const still = [...describeFrozen(await findFrozen(panes, 200)), ...(await describeStopped(server))];
    awake = still.length === 0 ? awake + 1 : 0;
    if (awake === 0 && Date.now() >= deadline)
      throw new RerailError('session-failed', `It still does not answer after 2 s: ${still.join('; ')}`, {
        remedy: 'Make it again from its checkpoint: `rerail session restore`, or the failure type crashed.',
        nonRetryable: true,
      });
    if (awake < AWAKE_LOOKS) await sleep(LOOK_EVERY_MS);
  }
  return {
    session: spec.name,
    woken,
    undo: undo.length === 0 ? 'none: nothing was changed' : `by hand: ${undo.join(', ')}`,
  };
}
