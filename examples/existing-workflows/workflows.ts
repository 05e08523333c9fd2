import { proxyActivities } from '@temporalio/workflow';
import { withRecovery } from 'rerail/workflows';

interface Order {
  id: string;
  amount: number;
}

const { chargeCard, ship } = proxyActivities<{
  chargeCard: (order: Order) => Promise<string>;
  ship: (order: Order) => Promise<string>;
}>({ startToCloseTimeout: '30s', retry: { maximumAttempts: 3 } });

/** Knows nothing of Rerail: the interceptor beside it has `chargeCard` recovered. */
export async function order(given: Order): Promise<{ receipt: string; parcel: string }> {
  const receipt = await chargeCard(given);
  const parcel = await withRecovery(() => ship(given), { target: 'shipping/van', name: 'ship' });
  return { receipt, parcel };
}
