import { createTmuxServer, type TmuxServer } from '../../test/support/tmux-server.ts';
import { childOf, stopProcess } from '../../test/support/processes.ts';
import { newId } from '../../src/domain/ids.ts';
import { listenerOf } from '../../src/process/proc.ts';
import { HOST, type Patient } from './heal-world.ts';

const COMMAND = ['sh', '-c', 'sh -c "sleep 100000; true"; true'];

/** A session of tmux on a server of its own. */
async function createSession(
  kind: string,
  furnish?: (server: TmuxServer) => Promise<void>,
  client?: (server: TmuxServer) => string[],
): Promise<Omit<Patient, 'barMs' | 'failure' | 'break'> & { server: TmuxServer }> {
  const server = await createTmuxServer();
  const target = `session/${kind}`;
  const place = {
    ...{ name: kind, subject: target, socket: server.socket },
    ...(client ? { client: { argv: client(server) } } : {}),
  };
  let captured = false;
  return {
    kind,
    target,
    server,
    component: { session: { ...place, config: '/dev/null', run: [COMMAND] } },
    provider: { tmux: { socket: server.socket, sessions: [kind] } },
    probe: { session: place },
    async prepare(recoveries) {
      if (captured) return;
      await server.start(kind, { command: COMMAND });
      await furnish?.(server);
      await recoveries.checkpoints.create(target, {
        id: newId('cp'),
        name: 'good',
        type: 'manual',
        host: HOST,
        providers: [kind],
      });
      captured = true;
    },
    stop: () => server.stop(),
  };
}

export async function killedServer(): Promise<Patient> {
  const { server, ...session } = await createSession('killed');
  return {
    ...session,
    barMs: 30_000,
    failure: { failureType: 'crashed', message: 'the tmux server was killed' },
    break: () => server.kill(),
  };
}

export async function frozenSession(): Promise<Patient> {
  const { server, ...session } = await createSession('frozen');
  return {
    ...session,
    barMs: 10_000,
    failure: { failureType: 'frozen', message: 'the shell of its pane was stopped' },
    async break() {
      const pane = Number(await server.tmux('list-panes', '-a', '-F', '#{pane_pid}'));
      await stopProcess(await childOf(pane));
    },
  };
}

/** Its server was stopped. */
export async function stoppedServer(): Promise<Patient> {
  const { server, ...session } = await createSession('stopped');
  return {
    ...session,
    barMs: 10_000,
    failure: { failureType: 'frozen', message: 'the tmux server was stopped' },
    async break() {
      await stopProcess((await listenerOf(server.socket)) ?? Number.NaN);
    },
  };
}

/** One of its two windows is gone. */
export async function damagedSession(): Promise<Patient> {
  const { server, ...session } = await createSession('corrupted', async (own) => {
    await own.tmux('new-window', '-d', '-n', 'logs', 'sleep 100000');
  });
  return {
    ...session,
    barMs: 30_000,
    failure: { failureType: 'corrupted', message: 'a window was killed' },
    async break() {
      await server.tmux('kill-window', '-t', 'corrupted:logs');
    },
  };
}

/** The client that was attached has gone; its first one is attached by a recovery too. */
export async function leftSession(): Promise<Patient> {
  const { server, ...session } = await createSession('disconnected', undefined, ({ socket }) => [
    ...['script', '-qfc', `tmux -S ${socket} attach -t disconnected`, '/dev/null'],
  ]);
  return {
    ...session,
    barMs: 30_000,
    failure: { failureType: 'disconnected', message: 'nobody is attached' },
    async break() {
      await server.tmux('detach-client', '-s', 'disconnected');
    },
  };
}
