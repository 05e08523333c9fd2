import { toMs } from '../../../domain/duration.ts';
import type { ApiService } from '../../../domain/service.schema.ts';
import type { ServicesPort } from '../../../domain/service.ts';
import { checkService } from './check-service.ts';
import { unhealthy } from '../service-context.ts';

export interface RestoredTraffic {
  /** Percent, each proven by its looks. */
  steps: number[];
}

interface Options {
  name: string;
  services: ServicesPort;
  execution: string;
  step: string;
  signal: AbortSignal;
  pause?: (ms: number) => Promise<void>;
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Lets the traffic come back in steps, each looked at several times (requirement 4.5). A look that fails takes it back to the
 * first step at once and throws `service-unhealthy`. Undo: none, what has been let through has been sent.
 */
export async function restoreTraffic(spec: ApiService, options: Options): Promise<RestoredTraffic> {
  const { name, services, execution, step, signal, pause = sleep } = options;
  const { steps, looks, every } = spec.restore;
  const allow = (percent: number, reason: string, id: string): Promise<void> =>
    services.change(name, {
      type: 'traffic',
      id: `${step}/${id}`,
      by: execution,
      reason,
      percent,
      ...(spec.rate ? { rate: spec.rate } : {}),
    });
  const proven: number[] = [];
  for (const [index, percent] of steps.entries()) {
    await allow(percent, 'the traffic comes back in steps', `up-${index}`);
    for (let look = 0; look < looks; look++) {
      if (look > 0) await pause(toMs(every));
      signal.throwIfAborted();
      const { healthy, observed } = await checkService(spec, signal);
      if (healthy) continue;
      const first = steps[0] ?? percent;
      await allow(first, `it failed at ${percent} %: ${observed}`, `back-${index}`);
      throw unhealthy(`${spec.health.url} failed with ${percent} % of the traffic: ${observed}`, { proven });
    }
    proven.push(percent);
  }
  if (steps.at(-1) !== 100) await allow(100, 'all steps are proven', 'all');
  return { steps: proven };
}
