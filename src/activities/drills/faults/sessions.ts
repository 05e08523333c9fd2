import { RerailError } from '../../../domain/errors.ts';
import type { SandboxPlace } from '../sandbox-place.ts';
import { endSandboxProcess } from '../sandbox-processes.ts';
import { askTmux, clientOf, endTmux } from '../sandbox-sessions.ts';
import type { Faults } from './fault.ts';

type Kind = 'tmuxServerKilled' | 'sessionFrozen' | 'windowKilled' | 'clientDetached';

async function panesOf(place: SandboxPlace, session: string): Promise<string[]> {
  const listed = await askTmux(place, ['list-panes', '-s', '-t', `=${session}`, '-F', '#{pane_id}']);
  return (listed ?? '').trim().split('\n').filter(Boolean);
}

const nothing = (): Promise<void> => Promise.resolve();

export const SESSION_FAULTS: Faults<Kind> = {
  /** What was in it is made again by nothing but a recovery: it goes with the sandbox. */
  tmuxServerKilled: { inject: (_fault, { place }) => endTmux(place), takeBack: nothing },
  sessionFrozen: {
    async inject({ session }, { place }) {
      const panes = await panesOf(place, session);
      if (panes.length === 0) throw noSession(session);
      // tmux wakes a stopped program of its own by itself; a terminal that is held stays so.
      for (const pane of panes) await askTmux(place, ['send-keys', '-t', pane, 'C-s']);
    },
    async takeBack({ session }, { place }) {
      for (const pane of await panesOf(place, session)) await askTmux(place, ['send-keys', '-t', pane, 'C-q']);
    },
  },
  windowKilled: {
    async inject({ session, window }, { place, begun }) {
      const killed = await askTmux(place, ['kill-window', '-t', `=${session}:=${window}`]);
      if (killed === undefined && !begun) throw noSession(`${session}:${window}`);
    },
    takeBack: nothing,
  },
  clientDetached: {
    inject: ({ session }, { place }) => endSandboxProcess(place, clientOf(session)),
    takeBack: nothing,
  },
};

const noSession = (name: string): RerailError =>
  new RerailError('invalid-input', `the sandbox has no session ${name}`, {
    remedy: 'Name one of spec.sandbox.sessions.',
    nonRetryable: true,
  });
