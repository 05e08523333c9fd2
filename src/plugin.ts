import { Client } from '@temporalio/client';
import { SimplePlugin } from '@temporalio/plugin';
import type { NativeConnection } from '@temporalio/worker';
import { createHostActivities, createSharedActivities } from './activities/index.ts';
import type { Notifier } from './activities/notify.ts';
import type { Settings } from './config/settings.ts';
import { createWorkers, hostDepsOf, sharedDepsOf } from './worker.ts';

export interface RerailPluginOptions {
  /** Where checkpoints and evidence are kept, the host's name, the queue of your worker, and your playbooks. */
  settings: Pick<Settings, 'dataDir' | 'host' | 'taskQueue' | 'playbooksDir'>;
  connection: NativeConnection;
  /** Default: `default`. */
  namespace?: string;
  notifier: Notifier;
}

/**
 * Gives your own Temporal worker the activities of Rerail. A TypeScript plugin cannot add workflows, so re-export them
 * from yours: `export * from 'rerail/workflows'`. The host's activities run on `rerail-host-<host>`; run a second
 * worker with {@link createHostActivities} on that queue, or `rerail worker`.
 */
export function createRerailPlugin({
  settings,
  connection,
  namespace = 'default',
  notifier,
}: RerailPluginOptions): SimplePlugin {
  const client = new Client({ connection, namespace });
  return new SimplePlugin({
    name: 'rerail.RerailPlugin',
    activities: createSharedActivities(sharedDepsOf(settings, client, notifier)),
  });
}

export { createHostActivities, createSharedActivities, createWorkers, hostDepsOf };
export type { Notifier };
