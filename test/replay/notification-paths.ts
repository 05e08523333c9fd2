import { notificationId, notifierId } from '../../src/domain/wire-names.ts';
import { until, type Harness } from '../support/harness.ts';

export const NOTIFICATION_PATHS: { name: string; play: (harness: Harness) => Promise<string> }[] = [
  {
    name: 'notification-sent',
    async play({ client, recoveries, target }) {
      const key = `recovery/${target}/run`;
      await recoveries.notifications.send({ event: 'recovery.failed', key, at: new Date(0).toISOString() }, 'team');
      const id = notificationId('recovery.failed', 'team', key);
      await client.workflow.getHandle(id).result();
      return id;
    },
  },
  {
    name: 'notifier-watches-again',
    async play({ calls, fakes, recoveries, taskQueue }) {
      let watches = 0;
      fakes['watchRecoveries'] = (input: { since: string }) => {
        watches += 1;
        if (watches <= 2) return input;
        throw new Error('tried again until the end of the test');
      };
      await recoveries.notifications.startNotifier(new Date(0));
      await until(() => Promise.resolve(calls.length >= 3), 'the third watch');
      return notifierId(taskQueue);
    },
  },
];
