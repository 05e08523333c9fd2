import { isRerailError } from '../../../domain/errors.ts';
import type { CacheService } from '../../../domain/service.schema.ts';
import { withCache } from '../open-redis.ts';
import { shorten, unhealthy } from '../service-context.ts';
import { findDamaged, type Damaged } from './read-entries.ts';

export interface CacheReading {
  healthy: boolean;
  observed: string;
  looked: number;
  damaged: Damaged[];
}

/** Does it answer, and are entries of the named prefixes whole? A sample of each. Changes nothing, and fails for nothing. */
export async function checkCache(spec: CacheService, signal: AbortSignal): Promise<CacheReading> {
  try {
    return await withCache(spec, signal, async (client) => {
      await client.ping();
      const { looked, damaged } = await findDamaged(client, spec, spec.sample);
      const observed = `${damaged.length} of ${looked} entries are damaged`;
      return { healthy: damaged.length === 0, observed, looked, damaged: shorten(damaged) };
    });
  } catch (error) {
    if (!isRerailError(error)) throw error;
    return { healthy: false, observed: error.message, looked: 0, damaged: [] };
  }
}

/** The same as proof. Throws `service-unhealthy`. */
export async function verifyCache(spec: CacheService, signal: AbortSignal): Promise<CacheReading> {
  const reading = await checkCache(spec, signal);
  if (reading.healthy) return reading;
  throw unhealthy(`the cache is not well: ${reading.observed}`, { damaged: reading.damaged });
}
