import { NotificationsSchema, type NotificationRules } from '../domain/notification.schema.ts';
import { loadDefinition } from './load-definition.ts';

/** Reads whom to tell what. Throws `settings-invalid` with line, column and field of every problem. */
export const loadNotifications = async (file: string): Promise<NotificationRules> =>
  (await loadDefinition(file, NotificationsSchema, 'docs/guide/notifications.md')).spec;
