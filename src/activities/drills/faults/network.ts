import { askProxies } from '../sandbox-proxies.ts';
import type { FaultContext, Faults } from './fault.ts';

type Kind = 'networkLatency' | 'networkCut' | 'networkReset' | 'networkHalfOpen' | 'networkLoss' | 'portClosed';

const CONFLICT = 409;
const NOT_FOUND = 404;

/** `toxic` is toxiproxy's own word and name for what it does to a connection. */
const poison = async (
  proxy: string,
  toxic: string,
  attributes: Record<string, number>,
  { place }: FaultContext,
  /** Share of the connections that it meets. */
  toxicity = 1,
): Promise<void> =>
  askProxies(place, `/proxies/${proxy}/toxics`, {
    method: 'POST',
    body: { name: toxic, type: toxic, stream: 'downstream', attributes, toxicity },
    also: [CONFLICT],
  });

const cure =
  (toxic: string) =>
  ({ proxy }: { proxy: string }, { place }: FaultContext): Promise<void> =>
    askProxies(place, `/proxies/${proxy}/toxics/${toxic}`, { method: 'DELETE', also: [NOT_FOUND] });

const setEnabled = (proxy: string, enabled: boolean, { place }: FaultContext): Promise<void> =>
  askProxies(place, `/proxies/${proxy}`, { method: 'POST', body: { enabled } });

export const NETWORK_FAULTS: Faults<Kind> = {
  networkLatency: {
    inject: ({ proxy, latency, jitter = 0 }, context) => poison(proxy, 'latency', { latency, jitter }, context),
    takeBack: cure('latency'),
  },
  networkCut: {
    // 0: the connection stays open and nothing comes.
    inject: ({ proxy }, context) => poison(proxy, 'timeout', { timeout: 0 }, context),
    takeBack: cure('timeout'),
  },
  networkReset: {
    inject: ({ proxy }, context) => poison(proxy, 'reset_peer', { timeout: 0 }, context),
    takeBack: cure('reset_peer'),
  },
  networkHalfOpen: {
    inject: ({ proxy, bytes }, context) => poison(proxy, 'limit_data', { bytes }, context),
    takeBack: cure('limit_data'),
  },
  networkLoss: {
    inject: ({ proxy, share }, context) => poison(proxy, 'timeout', { timeout: 0 }, context, share),
    takeBack: cure('timeout'),
  },
  portClosed: {
    inject: ({ proxy }, context) => setEnabled(proxy, false, context),
    takeBack: ({ proxy }, context) => setEnabled(proxy, true, context),
  },
};
