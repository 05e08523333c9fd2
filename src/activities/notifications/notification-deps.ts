import { createFileSource } from '../../config/load-definition.ts';
import { loadNotifications } from '../../config/load-notifications.ts';
import type { Settings } from '../../config/settings.ts';
import type { ListedRecovery } from '../../domain/recovery-list.schema.ts';
import type { NotificationRules, Occurrence } from '../../domain/notification.ts';
import type { RecoveryClient } from '../../client/recovery-client.ts';
import type { Seen } from '../../client/notifications.ts';

/** What telling people needs of Temporal and of the settings; the composition root hands it in. */
export interface NotificationDeps {
  /** Absent: this worker has no definition file. */
  rules?: (() => Promise<NotificationRules>) | undefined;
  publicUrl?: string | undefined;
  /** Without keys, or without `publicUrl`, messages hold no links that answer. */
  approvalKeysFile?: string | undefined;
  changes: (since: Date) => Promise<ListedRecovery[]>;
  /** Whether automation is off, and since when. */
  automation: () => Promise<{ by: string; reason: string; since: string } | undefined>;
  look: (workflowId: string, runId: string) => Promise<Seen>;
  send: (occurrence: Occurrence, channel: string) => Promise<unknown>;
  /** Between two looks, in milliseconds. Default: a second. */
  everyMs?: number;
}

/** From the settings of a worker and its client. */
export const notificationDepsOf = (
  settings: Partial<Pick<Settings, 'notificationsFile' | 'publicUrl' | 'approvalKeysFile'>>,
  { notifications, automation }: Pick<RecoveryClient, 'notifications' | 'automation'>,
): NotificationDeps => {
  const { notificationsFile: file, publicUrl, approvalKeysFile } = settings;
  return {
    ...notifications,
    rules: file === undefined ? undefined : createFileSource(file, loadNotifications),
    publicUrl,
    approvalKeysFile,
    automation: () => automation.status(),
  };
};
