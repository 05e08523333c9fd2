import { createServer } from 'node:net';
import { LOOPBACK } from './server-flags.ts';

function listenOnce(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen({ port, host: LOOPBACK, exclusive: true }, () => {
      const address = server.address();
      const bound = typeof address === 'object' && address !== null ? address.port : port;
      server.close(() => resolve(bound));
    });
  });
}

/** The preferred port where it is free, else any free one. Port 0 means any. */
export async function findFreePort(preferred = 0, taken: readonly number[] = []): Promise<number> {
  const wanted = taken.includes(preferred) ? undefined : await listenOnce(preferred);
  if (wanted !== undefined && !taken.includes(wanted)) return wanted;
  for (;;) {
    const port = await listenOnce(0);
    if (port !== undefined && !taken.includes(port)) return port;
  }
}
