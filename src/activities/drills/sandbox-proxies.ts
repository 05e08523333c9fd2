import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Sandbox } from '../../domain/drill-sandbox.schema.ts';
import { RerailError } from '../../domain/errors.ts';
import { ensureGoTool, type GoTool } from '../../process/go-tool.ts';
import { awaitReady } from './await-ready.ts';
import type { SandboxPlace } from './sandbox-place.ts';
import { CONTROL_PORT, portsOf } from './sandbox-ports.ts';
import { startSandboxProcess } from './sandbox-processes.ts';

/** Its newer `latest` tag is an older program: the version is fixed. */
export const TOXIPROXY: GoTool = {
  name: 'toxiproxy',
  version: '2.12.0',
  module: 'github.com/Shopify/toxiproxy/v2/cmd/server',
  program: 'server',
};
const ANSWER_MS = 5000;

interface Request {
  method: 'GET' | 'POST' | 'DELETE';
  body?: unknown;
  /** Answers that are as good: the same was asked before. */
  also?: readonly number[];
}

/** Asks the proxies' control. Throws `http-failed`. */
export async function askProxies(place: SandboxPlace, url: string, request: Request): Promise<void> {
  const { method, body, also = [] } = request;
  const port = (await portsOf(place))[CONTROL_PORT];
  if (port === undefined) {
    throw new RerailError('invalid-input', 'the sandbox has no proxies', {
      remedy: 'Name one in spec.sandbox.proxies.',
      nonRetryable: true,
    });
  }
  const response = await fetch(`http://127.0.0.1:${port}${url}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(ANSWER_MS),
  });
  const text = await response.text();
  if (response.ok || also.includes(response.status)) return;
  throw new RerailError('http-failed', `${method} ${url} of the drill’s proxies: ${response.status} ${text.trim()}`, {
    remedy: 'See whether the proxy is one of spec.sandbox.proxies.',
    nonRetryable: response.status === 404,
  });
}

export async function startProxies(
  place: SandboxPlace,
  { proxies = [] }: Sandbox,
  signal?: AbortSignal,
): Promise<void> {
  if (proxies.length === 0) return;
  signal?.throwIfAborted();
  const ports = await portsOf(place);
  const at = (name: string): string => `127.0.0.1:${ports[name] ?? 0}`;
  const file = path.join(place.root, 'proxies.json');
  const config = proxies.map(({ name, to }) => ({ name, listen: at(name), upstream: at(to), enabled: true }));
  await writeFile(file, JSON.stringify(config));
  const program = await ensureGoTool(TOXIPROXY, signal);
  const argv = [program, '-host', '127.0.0.1', '-port', String(ports[CONTROL_PORT]), '-config', file];
  await startSandboxProcess(place, CONTROL_PORT, argv);
  await awaitReady({ place, signal }, CONTROL_PORT, () => askProxies(place, '/version', { method: 'GET' }));
}
