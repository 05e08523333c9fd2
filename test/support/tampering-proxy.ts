import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

export interface Tampering {
  /** What becomes of the bytes on their way to the server; nothing by default. */
  up?: (bytes: Buffer) => Buffer;
  /** And on their way back. */
  down?: (bytes: Buffer) => Buffer;
  /** After so many bytes on their way back nothing comes any more, and the connection stays open. */
  stallAfter?: number;
}

export interface TamperingProxy {
  endpoint: string;
  close(): Promise<void>;
}

const same = (bytes: Buffer): Buffer => bytes;

/** A network that does not keep its promises. Without a port nothing ever answers. */
export async function startTamperingProxy(
  port: number | undefined,
  tampering: Tampering = {},
): Promise<TamperingProxy> {
  const { up = same, down = same, stallAfter = Infinity } = tampering;
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    return socket.on('error', () => socket.destroy());
  };
  const server = createServer((client) => {
    keep(client);
    if (port === undefined) return;
    const upstream = keep(connect(port, '127.0.0.1'));
    let returned = 0;
    client.on('data', (bytes: Buffer) => upstream.write(up(bytes))).on('close', () => upstream.destroy());
    upstream.on('close', () => {
      if (returned <= stallAfter) client.destroy();
    });
    upstream.on('data', (bytes: Buffer) => {
      returned += bytes.length;
      if (returned <= stallAfter) client.write(down(bytes));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Changes what bytes look like text, and leaves their number. */
export const shout =
  (word: string) =>
  (bytes: Buffer): Buffer =>
    Buffer.from(bytes.toString('latin1').replaceAll(word, word.toUpperCase()), 'latin1');
