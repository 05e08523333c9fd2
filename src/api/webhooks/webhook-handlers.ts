import type { MaintainedTarget } from '../../client/maintained-targets.ts';
import { isActive, type Alert } from '../../domain/alert.ts';
import { ALERT_SOURCES } from '../../domain/alert.schema.ts';
import type { AlertResult } from '../contract/webhooks.ts';
import { ALERT_OUTCOMES } from '../contract/webhooks.ts';
import type { ApiDeps, Handlers } from '../handler.ts';
import type { AlertRulesSource } from './alert-rules-source.ts';
import { readAlertmanager, readGeneric, readPagerDuty, readPagerDutyEvent } from './read-alerts.ts';
import { takeAlert } from './take-alert.ts';
import { createTriggeredAlerts } from './triggered-alerts.ts';

type Ids = 'alertmanagerAlerts' | 'pagerDutyEvents' | 'pagerDutyTriggers' | 'genericAlerts' | 'alertCounts';

/** So many at a time: a storm of alerts must not take the server for itself. */
const AT_ONCE = 8;

export function webhookHandlers(
  { recoveries, logger }: Pick<ApiDeps, 'recoveries' | 'logger'>,
  source: AlertRulesSource,
): Handlers<Ids> {
  const since = new Date().toISOString();
  const counts = new Map<string, number>();
  const triggered = createTriggeredAlerts();

  function count(alert: Alert, { outcome, rule, why, workflowId }: AlertResult): void {
    const name = `${alert.source}/${outcome}`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
    const { fingerprint, sender, status } = alert;
    logger.info({ alert: { fingerprint, sender, status, rule, workflowId, why } }, `alert ${outcome}`);
  }

  async function take(alerts: readonly Alert[]) {
    const rules = await source.read();
    const now = new Date();
    const results: AlertResult[] = [];
    let reading: Promise<readonly MaintainedTarget[]> | undefined;
    const maintained = () => (reading ??= recoveries.monitors.maintained());
    for (let at = 0; at < alerts.length; at += AT_ONCE) {
      const some = alerts.slice(at, at + AT_ONCE);
      const taken = await Promise.all(some.map((alert) => takeAlert(alert, { recoveries, maintained, rules, now })));
      taken.forEach((result, index) => some[index] && count(some[index], result));
      results.push(...taken);
    }
    return { status: 202, body: { results } } as const;
  }

  return {
    alertmanagerAlerts: ({ body, actor }) => take(readAlertmanager(body, actor.name)),
    pagerDutyEvents: ({ body, actor }) => take(readPagerDuty(body, actor.name)),
    async pagerDutyTriggers({ body, actor }) {
      const { fingerprint, alerts } = readPagerDutyEvent(body, actor.name, new Date());
      const taken = await take(alerts.map((alert) => triggered.complete(alert)));
      const told = { status: 'success', message: 'Event processed', dedup_key: fingerprint } as const;
      return { status: 202, body: { ...told, ...taken.body } };
    },
    genericAlerts: ({ body, actor }) => take(readGeneric(body, actor.name)),
    async alertCounts() {
      const { silences } = source.configured ? await source.read() : { silences: [] };
      const now = new Date();
      return {
        status: 200,
        body: {
          configured: source.configured,
          since,
          counts: ALERT_SOURCES.flatMap((from) =>
            ALERT_OUTCOMES.map((outcome) => ({ source: from, outcome, count: counts.get(`${from}/${outcome}`) ?? 0 })),
          ).filter((one) => one.count > 0),
          silences: silences.filter((silence) => isActive(silence, now)).map(({ name, reason }) => ({ name, reason })),
        },
      };
    },
  };
}
