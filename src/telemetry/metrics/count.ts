import type { ActivityInterceptorsFactory, InjectedSinks } from '@temporalio/worker';
import type { RerailSinks } from '../../domain/closed-recovery.ts';
import type { Metrics } from './create-metrics.ts';

/** Counts each attempt of an activity that ends on this worker. */
export const countActivities =
  (metrics: Metrics): ActivityInterceptorsFactory =>
  ({ info: { activityType } }) => ({
    inbound: {
      async execute(input, next) {
        const started = performance.now();
        let ok = false;
        try {
          const result = await next(input);
          ok = true;
          return result;
        } finally {
          metrics.activityEnded({ activityType, ok, durationMs: performance.now() - started });
        }
      },
    },
  });

/** What the workflows tell; without metrics it is listened to all the same, or the worker would complain. */
export function countRecoveries(metrics?: Metrics): InjectedSinks<RerailSinks> {
  metrics?.expectWork();
  return {
    rerail: {
      recoveryClosed: {
        fn: (_workflow, closed) => metrics?.recoveryClosed(closed),
        callDuringReplay: false,
      },
    },
  };
}
