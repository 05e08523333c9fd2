import type { ListedBreaker } from '../../client/breakers.ts';
import type { RecoveryClient } from '../../client/recovery-client.ts';
import type { ListedRecovery } from '../../domain/recovery-list.schema.ts';
import { messageOf } from '../../domain/errors.ts';
import { createSharedPoll, type Listener } from './shared-poll.ts';
import type { StreamEvent } from './streams.ts';

const INTERVAL_MS = 1000;
/** Visibility lags behind by moments, and clocks differ a little. */
const LOOK_BACK_MS = 30_000;

const keyOf = ({ workflowId, runId }: ListedRecovery): string => `${workflowId} ${runId}`;

/** Changes of the list, its counts and the breakers: three queries a second for the whole process, while anybody looks. */
export function createListFeed(recoveries: RecoveryClient, now: () => number = Date.now) {
  let known = new Map<string, string>();
  let latest: StreamEvent[] = [];
  let counts = '';
  let breakers = '';
  let silent = '';

  async function look(emit: Listener<StreamEvent>): Promise<'more'> {
    try {
      const [items, counted, circuit] = await Promise.all([
        recoveries.changedRecoveries(new Date(now() - LOOK_BACK_MS)),
        recoveries.countRecoveries(),
        recoveries.breakers.list(),
      ]);
      const present = new Map(items.map((item) => [keyOf(item), JSON.stringify(item)]));
      const changed = items.filter((item) => known.get(keyOf(item)) !== present.get(keyOf(item)));
      known = present;
      const { at, ...figures } = counted;
      if (changed.length > 0) emit({ event: 'changed', data: { items: changed } });
      if (JSON.stringify(figures) !== counts) emit({ event: 'counts', data: counted });
      if (JSON.stringify(circuit) !== breakers) emit({ event: 'breakers', data: { items: circuit } });
      counts = JSON.stringify(figures);
      breakers = JSON.stringify(circuit satisfies ListedBreaker[]);
      latest = [{ event: 'list', data: { items, counts: counted, breakers: circuit, at } }];
      silent = '';
    } catch (error) {
      const why = messageOf(error);
      if (why !== silent) emit({ event: 'unanswered', data: { detail: why } });
      silent = why;
    }
    return 'more';
  }

  const poll = createSharedPoll({ intervalMs: INTERVAL_MS, look });
  return {
    /** First all of it, as it is known, then changes. */
    watch(listener: Listener<StreamEvent>): () => void {
      if (poll.subscribers() === 0) {
        // What was known when the last one left is old.
        known = new Map();
        counts = breakers = silent = '';
        latest = [];
      }
      latest.forEach(listener);
      return poll.subscribe(listener);
    },
  };
}
