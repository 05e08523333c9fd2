import { log } from '@temporalio/activity';
import { messageOf } from '../../domain/errors.ts';
import { channelsFor, type Occurrence } from '../../domain/notification.ts';
import type { Notifier } from '../notify.ts';
import type { NotificationDeps } from './notification-deps.ts';

/** Hands a call for help to the channels as well, in the background: the notifier answers for the call itself. */
export function announcing(notifier: Notifier, deps: NotificationDeps): Notifier {
  const { rules } = deps;
  if (!rules) return notifier;
  return {
    async notify(notice) {
      await notifier.notify(notice);
      const { recovery, to, subject } = notice;
      if (!recovery) return;
      const occurrence: Occurrence = {
        event: 'help.called',
        at: new Date().toISOString(),
        ...recovery,
        to,
        detail: subject,
      };
      try {
        const channels = channelsFor(await rules(), occurrence);
        await Promise.all(channels.map(({ name }) => deps.send(occurrence, name)));
      } catch (error) {
        // The evidence is written and the log has the call; what the recovery escalates to is told once more when it closes.
        log.warn('a call for help did not get to the channels', { target: recovery.target, reason: messageOf(error) });
      }
    },
  };
}
