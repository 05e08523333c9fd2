import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import type { Sandbox } from '../../domain/drill-sandbox.schema.ts';
import { codeOf } from '../../domain/errors.ts';
import type { SandboxPlace } from './sandbox-place.ts';

export type Ports = Record<string, number>;

/** Of the proxies' own control; no name of a definition has a dot. */
export const CONTROL_PORT = '.proxies';

const fileOf = ({ root }: SandboxPlace): string => path.join(root, 'ports.json');

/** All at the same time, so that no two are the same. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  try {
    await Promise.all(servers.map((server) => once(server, 'listening')));
    return servers.map((server) => {
      const address = server.address();
      return typeof address === 'object' && address !== null ? address.port : 0;
    });
  } finally {
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }
}

/** Chosen once for each drill. Empty for one that has none. */
export async function portsOf(place: SandboxPlace): Promise<Ports> {
  const text = await readFile(fileOf(place), 'utf8').catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return '{}';
    throw error;
  });
  return JSON.parse(text) as Ports;
}

/** A second try finds those of the first. */
export async function choosePorts(place: SandboxPlace, { ports, services, proxies }: Sandbox): Promise<Ports> {
  const names = [...(ports ?? []), ...[...(services ?? []), ...(proxies ?? [])].map(({ name }) => name)];
  if (proxies?.length) names.push(CONTROL_PORT);
  const known = await portsOf(place);
  if (names.length === 0 || Object.keys(known).length > 0) return known;
  const free = await freePorts(names.length);
  const chosen = Object.fromEntries(names.map((name, index) => [name, free[index] ?? 0]));
  await writeFileAtomic(fileOf(place), JSON.stringify(chosen));
  return chosen;
}
