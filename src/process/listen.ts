import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Listening {
  url: string;
  /** Cuts off what still goes on. */
  close: () => Promise<void>;
}

/** Port 0 is any that is free. Rejects with the error of `listen` when the port is taken. */
export async function listen(server: Server, { host, port }: { host: string; port: number }): Promise<Listening> {
  server.listen(port, host);
  await once(server, 'listening');
  const { port: bound } = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
