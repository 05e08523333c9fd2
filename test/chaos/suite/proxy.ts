import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { ensureProxies } from '../../../scripts/lib/test-tools.ts';
import { freePorts } from './ports.ts';
import { patiently } from './world.ts';

const NAME = 'server';

export interface Toxic {
  type: 'latency' | 'timeout' | 'reset_peer' | 'limit_data';
  stream: 'upstream' | 'downstream';
  attributes: Record<string, number>;
}

export interface Proxy {
  /** Where one reaches the other end through it. */
  address: string;
  /** Refuses connections and ends those that are there. */
  setEnabled: (enabled: boolean) => Promise<void>;
  poison: (toxics: readonly Toxic[]) => Promise<void>;
  /** Names of what it does to connections right now, as the proxy says. */
  active: () => Promise<string[]>;
  /** All is well again. */
  cure: () => Promise<void>;
  close: () => Promise<void>;
}

/** A network that can be broken, in front of an address. */
export async function startProxy(upstream: string, tell: (line: string) => void): Promise<Proxy> {
  const program = await ensureProxies(tell);
  const [control = 0, listen = 0] = await freePorts(2);
  const address = `127.0.0.1:${listen}`;
  const child = spawn(program, ['-host', '127.0.0.1', '-port', String(control)], { stdio: 'ignore' });
  process.once('exit', () => child.kill('SIGKILL'));
  const ask = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const response = await fetch(`http://127.0.0.1:${control}${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === '' ? undefined : (JSON.parse(text) as unknown);
  };
  await patiently(() => ask('GET', '/proxies'), 20_000);
  await ask('POST', '/proxies', { name: NAME, listen: address, upstream, enabled: true });
  return {
    address,
    setEnabled: async (enabled) => void (await ask('POST', `/proxies/${NAME}`, { enabled })),
    async poison(toxics) {
      for (const toxic of toxics) await ask('POST', `/proxies/${NAME}/toxics`, toxic);
    },
    async active() {
      const { enabled, toxics } = (await ask('GET', `/proxies/${NAME}`)) as {
        enabled: boolean;
        toxics: { name: string }[];
      };
      return [...(enabled ? [] : ['cut']), ...toxics.map(({ name }) => name)];
    },
    cure: async () => void (await ask('POST', '/reset')),
    async close() {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    },
  };
}
