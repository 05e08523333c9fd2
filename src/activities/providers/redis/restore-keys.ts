import { providerFailed } from '../provider-error.ts';
import { batchesOf } from './compare-keys.ts';
import type { RedisServer } from './connection.ts';
import { checkDump } from './dump-file.ts';
import type { KeyRecord } from './dump-file.ts';
import { hashKey, scanKeys } from './read-keys.ts';

/**
 * Puts the keys back one by one and then removes those under the prefixes that were not captured. Other clients see it
 * happen. Killed on the way it leaves some keys done; the same again does all of them.
 */
export async function restoreKeys(server: RedisServer, prefixes: readonly string[], file: string): Promise<void> {
  await checkDump(file);
  const captured = new Set<string>();
  for await (const batch of batchesOf(file)) {
    refuseForeign(batch, prefixes);
    const pipeline = server.client.pipeline();
    for (const { key, expiresAt, dump } of batch) {
      captured.add(hashKey(key));
      // A time that is over already removes the key, as the captured server would have by now.
      pipeline.call('RESTORE', key, expiresAt, dump, 'REPLACE', 'ABSTTL');
    }
    for (const [error] of (await pipeline.exec()) ?? []) if (error !== null) throw error;
  }
  for (const prefix of prefixes) {
    for await (const keys of scanKeys(server, prefix)) {
      const unwanted = keys.filter((key) => !captured.has(hashKey(key)));
      if (unwanted.length > 0) await server.client.unlink(...unwanted);
    }
  }
}

/** The provider's prefixes may have changed since the capture; what is outside of them is not its to write. */
function refuseForeign(batch: readonly KeyRecord[], prefixes: readonly string[]): void {
  const roots = prefixes.map((prefix) => Buffer.from(prefix));
  const foreign = batch.find(({ key }) => !roots.some((root) => key.subarray(0, root.length).equals(root)));
  if (foreign === undefined) return;
  throw providerFailed('the dump has keys outside of the prefixes of this provider', {
    remedy: 'Give the provider the prefixes that were captured; the state of the checkpoint lists them.',
    nonRetryable: true,
  });
}
