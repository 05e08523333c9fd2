// Other engines for durable work, as they come: each with a store of its own on this machine.
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { findPostgres, freePort, startPostgres } from '../../test/support/database-servers.ts';
import type { Batch } from '../drive.ts';
import { installPeers, peersFolder, peerVersions } from './install-peers.ts';
import type { Contender } from './load.ts';

export interface PeerNote {
  name: string;
  version: string;
  /** What to know before its figures are set beside ours. */
  setUp: string;
}

interface OpenPeer extends PeerNote {
  contender: Contender;
  stop: () => Promise<void>;
}

export interface OpenPeers {
  peers: OpenPeer[];
  /** A line for each that is not measured, with the reason. */
  absent: string[];
}

type Answer = 'ready' | { batch: Batch } | { failed: string };

/** The next thing it says; an error when it ends instead. */
async function answerOf(child: ChildProcess, name: string): Promise<Answer> {
  const settled = new AbortController();
  const { signal } = settled;
  try {
    const [answer] = (await Promise.race([
      once(child, 'message', { signal }),
      once(child, 'exit', { signal }).then(([code]) => [{ failed: `its process ended with ${String(code)}` }]),
    ])) as [Answer];
    if (answer !== 'ready' && 'failed' in answer) throw new Error(`${name}: ${answer.failed}`);
    return answer;
  } finally {
    settled.abort();
  }
}

async function forkPeer(
  name: string,
  script: string,
  args: readonly string[],
): Promise<Omit<OpenPeer, keyof PeerNote>> {
  const child = fork(join(peersFolder, script), args, {
    execArgv: ['--import', 'tsx'],
    env: { PATH: process.env['PATH'], TSX_TSCONFIG_PATH: process.env['TSX_TSCONFIG_PATH'], DO_NOT_TRACK: '1' },
    // What is printed here is one JSON document.
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  await answerOf(child, name);
  return {
    contender: {
      name,
      async batch(count, inFlight) {
        child.send({ count, inFlight });
        const answer = await answerOf(child, name);
        if (answer === 'ready' || !('batch' in answer)) throw new Error(`${name} did not answer with a batch`);
        return answer.batch;
      },
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.disconnect();
      await ended;
    },
  };
}

async function openRestate(dataDir: string): Promise<OpenPeer> {
  const { '@restatedev/restate-server': server, '@restatedev/restate-sdk': sdk } = peerVersions();
  const directory = join(dataDir, 'restate');
  await mkdir(directory);
  const ports = [await freePort(), await freePort(), await freePort()].map(String);
  return {
    name: 'restate',
    version: `server ${server ?? ''}, SDK ${sdk ?? ''}`,
    setUp:
      'one node with the settings it comes with: its log is flushed to the disk (fsync) before it counts; ' +
      'service and caller share a process, the server has its own',
    ...(await forkPeer('restate', 'restate.mjs', [directory, ...ports])),
  };
}

async function openDbos(): Promise<OpenPeer> {
  // The tests' servers do without; those of users do not.
  const postgres = await startPostgres(['fsync=on']);
  try {
    const { port, user, password } = postgres;
    const client = new Client({ host: '127.0.0.1', port, user, password, database: 'postgres' });
    await client.connect();
    const show = async (setting: string): Promise<string> => {
      const { rows } = await client.query<Record<string, string>>(`SHOW ${setting}`);
      return rows[0]?.[setting] ?? '';
    };
    const server = await show('server_version');
    const flushes = `fsync=${await show('fsync')}, synchronous_commit=${await show('synchronous_commit')}`;
    await client.end();
    const url = `postgresql://${user}:${encodeURIComponent(password)}@127.0.0.1:${String(port)}/dbos`;
    const peer = await forkPeer('dbos', 'dbos.mjs', [url]);
    return {
      name: 'dbos',
      version: `SDK ${peerVersions()['@dbos-inc/dbos-sdk'] ?? ''}, PostgreSQL ${server}`,
      setUp:
        'runs in the process of the caller, without a way to a worker and back; PostgreSQL with the settings it comes ' +
        `with, ${flushes}: every commit is flushed to the disk`,
      ...peer,
      async stop() {
        await peer.stop();
        await postgres.stop();
      },
    };
  } catch (error) {
    await postgres.stop();
    throw error;
  }
}

/** Those that can run here. What is missing is named with the reason; nothing of it ends the bench. */
export async function openPeers(dataDir: string): Promise<OpenPeers> {
  const missing = await installPeers();
  if (missing !== undefined) return { peers: [], absent: [`restate: ${missing}`, `dbos: ${missing}`] };
  const opened: OpenPeers = { peers: [], absent: [] };
  const attempt = async (name: string, open: () => Promise<OpenPeer>): Promise<void> => {
    try {
      opened.peers.push(await open());
    } catch (error) {
      opened.absent.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  await attempt('restate', () => openRestate(dataDir));
  if (findPostgres() === undefined) opened.absent.push('dbos: PostgreSQL is not installed');
  else await attempt('dbos', openDbos);
  return opened;
}
