import type { ApiService } from '../../../domain/service.schema.ts';
import { callHttp } from '../../http.ts';
import { withCache } from '../open-redis.ts';
import { refused } from '../service-context.ts';

/**
 * Removes the named keys, or sends the named request (requirement 4.5). Undo: none, what is forgotten is only remembered
 * errors. Throws `service-refused`, `http-failed`, `provider-failed`.
 */
export async function clearErrorCache(
  { errorCache }: ApiService,
  { key, signal }: { key: string; signal: AbortSignal },
): Promise<{ removed: number } | { httpStatus: number }> {
  const { http, redis } = errorCache ?? {};
  if (http) {
    const { httpStatus = 0 } = await callHttp({ operation: { kind: 'http', ...http }, key });
    return { httpStatus };
  }
  if (!redis) throw refused('the component names no cache of errors', 'Name its keys in service.api.errorCache.');
  return withCache(redis, signal, async (client) => ({ removed: await client.unlink(...redis.keys) }));
}
