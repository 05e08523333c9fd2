import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import { inject } from 'vitest';
import { createTmuxProvider, type TmuxProviderOptions } from '../../src/activities/providers/index.ts';
import { createRecoveryClient } from '../../src/client/recovery-client.ts';
import { newId } from '../../src/domain/ids.ts';
import { createWorkers } from '../../src/worker.ts';
import { workflowBundle } from './server.ts';
import { createTmuxServer, type TmuxServer } from './tmux-server.ts';

Runtime.install({ logger: new DefaultLogger('ERROR') });

export interface WorldOptions {
  /** Sessions by name, with what their definition says besides name and socket. */
  sessions: (server: TmuxServer) => Record<string, Pick<TmuxProviderOptions, 'agent'> & object>;
  /** More documents for the directory of playbooks. */
  playbooks?: readonly string[];
}

/** A tmux server, components for sessions on it, and a worker that recovers them by the built-in playbooks. */
export async function createSessionWorld({ sessions, playbooks = [] }: WorldOptions) {
  const id = randomUUID().slice(0, 8);
  const host = `session-${id}`;
  const subjectOf = (name: string): string => `session/${name}-${id}`;
  const server = await createTmuxServer();
  const { folder, socket } = server;
  const directory = join(folder, 'playbooks');
  const defined = Object.entries(sessions(server));
  const components = defined.map(([name, more]) =>
    JSON.stringify({
      apiVersion: 'rerail/v1',
      kind: 'Component',
      metadata: { name },
      spec: {
        target: subjectOf(name),
        session: { name, subject: subjectOf(name), socket, config: '/dev/null', ...more },
      },
    }),
  );
  await mkdir(directory);
  await writeFile(join(directory, 'documents.yaml'), [...components, ...playbooks].join('\n---\n'));
  const connection = await NativeConnection.connect({ address: inject('serverAddress') });
  const workers = await createWorkers({
    settings: { dataDir: join(folder, 'data'), host, taskQueue: host, playbooksDir: [directory] },
    connection,
    namespace: 'default',
    notifier: { notify: () => Promise.resolve() },
    providers: defined.map(([name, { agent }]) =>
      createTmuxProvider({ name, socket, sessions: [name], ...(agent === undefined ? {} : { agent }) }),
    ),
    workflows: { workflowBundle: workflowBundle() },
  });
  const running = Promise.all(workers.map((worker) => worker.run()));
  const recoveries = createRecoveryClient({ client: new Client({ connection }), taskQueue: host });

  const report = async (
    name: string,
    type: 'crashed' | 'frozen' | 'corrupted' | 'disconnected',
    options: { playbook?: string } = {},
  ) => {
    const failure = { target: subjectOf(name), message: `${name} is ${type}`, type, host };
    return (await recoveries.start(failure, options)).handle.result();
  };
  return {
    server,
    recoveries,
    subjectOf,
    report,
    /** The report in short: how it ended, and each of its actions. */
    async recover(...given: Parameters<typeof report>) {
      const { status, actions } = await report(...given);
      return { status, actions: actions.map(({ id: action, status: ended }) => `${action} ${ended}`) };
    },
    capture: (name: string, root?: string) =>
      recoveries.checkpoints.create(subjectOf(name), {
        ...{ id: newId('cp'), name: 'good', type: 'manual', host, providers: [name] },
        ...(root === undefined ? {} : { root }),
      }),
    /** A line for each pane of the server; none where there is no server. */
    list: async (format: string) =>
      (await server.tmux('list-panes', '-a', '-F', format).catch(() => '')).split('\n').filter(Boolean),
    async stop() {
      for (const worker of workers) worker.shutdown();
      await running;
      await connection.close();
      await server.stop();
    },
  };
}

export type SessionWorld = Awaited<ReturnType<typeof createSessionWorld>>;
