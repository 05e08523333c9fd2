import { coarseStateOf } from '../../domain/coarse-state.ts';
import { RECOVERY_STATUSES } from '../../domain/recovery.ts';
import type { Actor } from '../auth/actor.ts';
import type { ApiDeps, Handlers } from '../handler.ts';
import { compact } from './compact.ts';
import { statisticsOf } from './insight.ts';
import type { Starter } from './start-recovery.ts';

type Ids =
  | 'serviceStatus'
  | 'triggerRecovery'
  | 'circuitBreakerStatus'
  | 'circuitBreakerReset'
  | 'clearCache'
  | 'reconnectDatabase'
  | 'serviceHistory'
  | 'serviceStatistics';

/** What a person asks for is a recovery like any other: planned, braked, recorded. */
const ASKED = {
  cache: { type: 'cache', playbook: 'service-cache' },
  database: { type: 'database', playbook: 'service-database' },
} as const;

/** Requirement 8.4. */
export function serviceHandlers({ recoveries }: Pick<ApiDeps, 'recoveries'>, start: Starter): Handlers<Ids> {
  const { automation, breakers } = recoveries;
  const ask = (what: keyof typeof ASKED, { target, reason }: { target: string; reason: string }, actor: Actor) => {
    const { type, playbook } = ASKED[what];
    const failure = {
      target,
      message: reason,
      type,
      lane: 'standard',
      labels: {},
      causes: [],
      probes: [],
      recoveryType: 'manual',
    } as const;
    return start({ failure: { ...failure, causes: [], probes: [] }, playbook }, actor);
  };
  return {
    async serviceStatus({ query: { target } }) {
      const filter = target === undefined ? {} : { target };
      const [newest, counts, open, off] = await Promise.all([
        recoveries.listRecoveries({ ...filter, limit: 1 }),
        target === undefined ? recoveries.countRecoveries() : undefined,
        target === undefined ? [] : recoveries.listRecoveries({ ...filter, open: true, limit: 1 }),
        automation.status(),
      ]);
      const latest = newest[0] ?? null;
      const status = RECOVERY_STATUSES.find((known) => known === latest?.status);
      return {
        status: 200,
        body: {
          state: latest?.status === 'killed' ? 'failed' : coarseStateOf(status),
          open: counts?.open ?? open.length,
          latest,
          automation: off ? 'off' : 'on',
        },
      };
    },
    triggerRecovery: ({ body, actor, headers }) => start(body, actor, headers['idempotency-key']),
    async circuitBreakerStatus({ query: { name } }) {
      const [items, breaker] = await Promise.all([breakers.list(), name === undefined ? null : breakers.status(name)]);
      return { status: 200, body: { items, breaker } };
    },
    async circuitBreakerReset({ body: { name, reason }, actor }) {
      return { status: 200, body: await breakers.reset(name, { by: actor.name, reason }) };
    },
    clearCache: ({ body, actor }) => ask('cache', body, actor),
    reconnectDatabase: ({ body, actor }) => ask('database', body, actor),
    async serviceHistory({ query: { target, limit, cursor } }) {
      const page = await recoveries.pageRecoveries(
        { open: false, ...(target === undefined ? {} : { target }) },
        compact({ limit, cursor }),
      );
      return { status: 200, body: page };
    },
    async serviceStatistics() {
      return { status: 200, body: await statisticsOf(recoveries) };
    },
  };
}
