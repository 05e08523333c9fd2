import type { Alert } from '../../domain/alert.ts';

/** So many are remembered, the newest. */
const MOST = 10_000;

/**
 * What senders triggered, so that the end of an alert, which may come with its key alone, is about the same labels and the
 * same begin. Another process, or this one before it was started anew, is not known here.
 */
export function createTriggeredAlerts() {
  const alerts = new Map<string, Alert>();
  const keyOf = ({ sender, fingerprint }: Alert): string => JSON.stringify([sender, fingerprint]);
  return {
    /** The alert with what its trigger said, where that is known. */
    complete(alert: Alert): Alert {
      const key = keyOf(alert);
      const first = alerts.get(key);
      if (alert.status === 'resolved') {
        alerts.delete(key);
        return first ? { ...first, status: 'resolved' } : alert;
      }
      const complete = first ? { ...alert, startsAt: first.startsAt } : alert;
      const [oldest] = alerts.keys();
      if (alerts.size >= MOST && oldest !== undefined) alerts.delete(oldest);
      alerts.set(key, complete);
      return complete;
    },
  };
}
