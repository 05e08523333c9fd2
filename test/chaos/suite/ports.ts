import { findFreePort } from '../../../src/embedded/ports.ts';

/**
 * Below those that the system gives to outgoing connections: while a server is away, the attempts to reach it could be given
 * its own port. And Temporal keeps the ports of its members in PostgreSQL as `smallint`: 32767 is the highest.
 */
const LOWEST = 15_000;
const COUNT = 17_000;

export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) {
    const wanted = LOWEST + Math.floor(Math.random() * COUNT);
    if ((await findFreePort(wanted, ports)) === wanted) ports.push(wanted);
  }
  return ports;
}
