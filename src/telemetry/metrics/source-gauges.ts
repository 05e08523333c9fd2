import { Gauge, type Registry } from 'prom-client';
import { cached } from './cached.ts';
import type { MetricSources } from './metric-sources.ts';

/** However often somebody scrapes, Visibility and the store are asked no more often than that. */
const ASK_EVERY_MS = 10_000;
/** Breakers are named by playbooks, so there are not many; this is for when one is wrong. */
const BREAKERS = 200;

interface Sample {
  labels: Record<string, string>;
  value: number;
}

/** Gauges are filled when they are read: what cannot be found out now is absent, never out of date. */
export function addSourceGauges(
  registry: Registry,
  { waiting, breakers, store }: MetricSources,
  onError: (source: string, error: unknown) => void,
): void {
  /** Undefined when the source cannot be read, which is told once for all gauges of that source. */
  const quietly = <T>(source: string, read: () => Promise<T>): (() => Promise<T | undefined>) =>
    cached(
      () =>
        read().catch((error: unknown) => {
          onError(source, error);
          return undefined;
        }),
      ASK_EVERY_MS,
    );
  const add = <T>(
    read: () => Promise<T | undefined>,
    name: string,
    help: string,
    labelNames: string[],
    samples: (found: T) => Sample[],
  ): Gauge =>
    new Gauge({
      name,
      help,
      labelNames,
      registers: [registry],
      async collect() {
        const found = await read();
        // One without labels would be reset to 0.
        if (labelNames.length === 0) this.remove();
        else this.reset();
        if (found === undefined) return;
        for (const { labels, value } of samples(found)) this.set(labels, value);
      },
    });
  const plain = (value: number): Sample[] => [{ labels: {}, value }];

  if (waiting) {
    const read = quietly('waiting recoveries', waiting);
    add(
      read,
      'rerail_recoveries_waiting',
      'Open recoveries that wait, by what they wait for.',
      ['waiting_for'],
      (all) => all.map(({ waitingFor, count }) => ({ labels: { waiting_for: waitingFor }, value: count })),
    );
    const help = 'For how long the one has waited that waits longest.';
    add(read, 'rerail_recoveries_waiting_oldest_seconds', help, ['waiting_for'], (all) =>
      all.map(({ waitingFor, oldestSince }) => ({
        labels: { waiting_for: waitingFor },
        value: Math.max(0, (Date.now() - oldestSince) / 1000),
      })),
    );
  }
  if (breakers) {
    const help = '1 for the state that a circuit breaker is in.';
    add(quietly('breakers', breakers), 'rerail_breaker_state', help, ['breaker', 'state'], (all) =>
      all.slice(0, BREAKERS).map(({ name, state }) => ({ labels: { breaker: name, state }, value: 1 })),
    );
  }
  if (store) {
    const read = quietly('checkpoint store', store);
    add(read, 'rerail_store_bytes', 'What the checkpoint store of this host takes on disk.', [], ({ bytes }) =>
      plain(bytes),
    );
    add(read, 'rerail_store_checkpoints', 'Checkpoints in the store of this host.', [], (found) =>
      plain(found.checkpoints),
    );
    add(read, 'rerail_store_quota_bytes', 'What the checkpoint store of this host may take.', [], ({ quotaBytes }) =>
      quotaBytes === undefined ? [] : plain(quotaBytes),
    );
  }
}
