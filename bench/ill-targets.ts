import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

const CHUNK = Buffer.alloc(16 * 1024, 'x');
const GARBAGE = Buffer.from([0, 255, 13, 10, 1, 2, 3, 250, 13, 10]);

/** Writes as long as somebody reads. */
function flood(socket: Socket): void {
  const write = (): void => {
    while (!socket.destroyed && socket.write(CHUNK));
  };
  socket.on('drain', write);
  socket.write('HTTP/1.1 200 OK\r\n\r\n');
  write();
}

const BEHAVIOURS: Record<string, (socket: Socket) => void> = {
  hangs: (socket) => void socket.resume(),
  floods: (socket) => flood(socket.resume()),
  'talks nonsense': (socket) => void socket.resume().write(GARBAGE),
  vanishes: (socket) => void socket.once('data', () => socket.destroy()),
};

async function listen(behave: (socket: Socket) => void): Promise<{ server: Server; port: number }> {
  const server = createServer((socket) => behave(socket.on('error', () => undefined)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port };
}

export interface IllTargets {
  checks: object[];
  stop: () => void;
}

/** Twenty targets that hang, flood, answer with garbage or go away in the middle of a look; and commands that do so. */
export async function startIllTargets(): Promise<IllTargets> {
  const folder = mkdtempSync(path.join(tmpdir(), 'rerail-ill-'));
  const fifo = path.join(folder, 'fifo');
  execFileSync('mkfifo', [fifo]);
  const servers = await Promise.all(Object.values(BEHAVIOURS).map(listen));
  const login = { user: 'nobody', database: 'none' };
  const network = servers.flatMap(({ port }) => [
    { http: { url: `http://127.0.0.1:${port}/` } },
    { redis: { port } },
    { queue: { port, stream: 'jobs', group: 'workers' } },
    { postgres: { port, ...login } },
  ]);
  const command = (...argv: string[]): object => ({ command: { argv } });
  const probes = [
    ...network,
    command('sleep', '60'),
    command('yes'),
    command('head', '-c', '100000', '/dev/urandom'),
    { file: { path: fifo, contains: 'never' } },
  ];
  return {
    checks: probes.map((probe) => ({ probe })),
    stop() {
      for (const { server } of servers) server.close();
      rmSync(folder, { recursive: true });
    },
  };
}
