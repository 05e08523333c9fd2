import { proxyActivities, proxyLocalActivities, sleep, workflowInfo } from '@temporalio/workflow';
import { withRecovery } from '../../../src/workflows/index.ts';

export * from '../../../src/workflows/index.ts';

/** What a user has: workflows that know nothing of Rerail. */
interface UserActivities {
  charge: (order: unknown) => Promise<unknown>;
  ship: (order: unknown) => Promise<unknown>;
  reserve: (item: string, count: number) => Promise<unknown>;
}

const once = proxyActivities<UserActivities>({ startToCloseTimeout: '10s', retry: { maximumAttempts: 1 } });
const patient = proxyActivities<UserActivities>({
  startToCloseTimeout: '10s',
  retry: { initialInterval: '1h', maximumInterval: '1h' },
});

export async function orderCharge(order: unknown): Promise<unknown> {
  return { charged: await once.charge(order) };
}

export async function orderShip(order: unknown): Promise<unknown> {
  return { shipped: await once.ship(order) };
}

export async function orderReserve(): Promise<unknown> {
  return once.reserve('book', 2);
}

export async function orderBoth(order: { target: string }): Promise<unknown> {
  return Promise.all([
    once.charge({ ...order, target: `${order.target}-a` }),
    once.charge({ ...order, target: `${order.target}-b` }),
  ]);
}

/** The same as local activities. */
const near = proxyLocalActivities<UserActivities>({
  startToCloseTimeout: '10s',
  retry: { maximumAttempts: 2, initialInterval: '1ms' },
});

export async function orderLocally(order: unknown): Promise<unknown> {
  return { charged: await near.charge(order), reserved: await near.reserve('book', 2) };
}

/** Handles its failure by itself, as it did before there was an interceptor. */
export async function orderCaught(order: unknown): Promise<unknown> {
  try {
    return await once.charge(order);
  } catch {
    return { settled: await once.ship(order) };
  }
}

/** Fails until its activity works: for resets and restarts. */
export async function parcel(order: unknown): Promise<unknown> {
  const reserved = await once.reserve('book', 1);
  const sent = await once.ship(order);
  return { reserved, sent, attempt: workflowInfo().runId };
}

export async function stuck(order: unknown): Promise<unknown> {
  return patient.ship(order);
}

interface Explicit {
  target: string;
  withOperation?: boolean;
  withFallback?: boolean;
}

export async function explicit({ target, withOperation, withFallback }: Explicit): Promise<unknown> {
  let tries = 0;
  const step = async (): Promise<unknown> => {
    tries += 1;
    await sleep(1);

    return once.charge({ target, tries });
  };
  const result = await withRecovery(step, {
    target,
    name: 'pay',
    taskQueue: workflowInfo().taskQueue,
    maxRecoveries: 1,
    ...(withOperation
      ? { operation: { kind: 'activity', name: 'ship', input: { target }, taskQueue: workflowInfo().taskQueue } }
      : {}),
    ...(withFallback ? { fallback: () => 'fallback' } : {}),
  });
  return { result, tries };
}
