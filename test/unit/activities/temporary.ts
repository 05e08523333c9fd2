import { spawn } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server as TcpServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach } from 'vitest';

const undo: (() => unknown)[] = [];

/** Called once by a test file: what its tests opened is closed after each of them. */
export function cleanUpAfterEach(): void {
  afterEach(async () => {
    for (const step of undo.splice(0).reverse()) await step();
  });
}

export function temporaryFolder(): string {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'rerail-test-')));
  undo.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function setEnvironment(name: string, value: string): void {
  const before = process.env[name];
  process.env[name] = value;
  undo.push(() => {
    if (before === undefined) delete process.env[name];
    else process.env[name] = before;
  });
}

const portOf = (server: Server | TcpServer): number => (server.address() as AddressInfo).port;

function listen(server: Server | TcpServer): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve(portOf(server)));
  });
}

/** A real HTTP server on loopback; its requests are kept. */
export async function httpServer(
  answer: RequestListener,
): Promise<{ url: string; requests: IncomingMessage[]; close: () => void }> {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    answer(request, response);
  });
  const port = await listen(server);
  const close = (): void => {
    server.closeAllConnections();
    server.close();
  };
  undo.push(close);
  return { url: `http://127.0.0.1:${port}`, requests, close };
}

export async function tcpServer(greet: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    greet(socket);
  });
  undo.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return listen(server);
}

/** A port whose queue of connections is full and never emptied: the next one gets neither a yes nor a no. */
export async function fullPort(): Promise<number> {
  const script =
    'import socket,time\ns=socket.socket();s.bind(("127.0.0.1",0));s.listen(0)\nprint(s.getsockname()[1],flush=True)\nk=[]\n' +
    'for i in range(4):\n c=socket.socket();c.setblocking(False);c.connect_ex(s.getsockname());k.append(c)\nprint("full",flush=True)\ntime.sleep(600)';
  const child = spawn('python3', ['-c', script], { stdio: ['ignore', 'pipe', 'ignore'] });
  undo.push(() => child.kill('SIGKILL'));
  let text = '';
  for await (const chunk of child.stdout) {
    text += String(chunk);
    if (text.includes('full')) break;
  }
  return Number(text.split('\n')[0]);
}

/** A port of loopback on which nobody listens any more. */
export async function closedPort(): Promise<number> {
  const server = createTcpServer();
  const port = await listen(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}
