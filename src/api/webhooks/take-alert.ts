import { createHash } from 'node:crypto';
import type { MaintainedTarget } from '../../client/maintained-targets.ts';
import type { RecoveryClient } from '../../client/recovery-client.ts';
import { fillRule, findRule, findSilence, titleOfAlert, type Alert, type AlertRules } from '../../domain/alert.ts';
import { isRerailError } from '../../domain/errors.ts';
import { FailureSchema } from '../../domain/failure.schema.ts';
import type { AlertResult } from '../contract/webhooks.ts';
import { fieldProblems } from '../api-errors.ts';

/** The same alert at every repeat, at whichever server. */
const keyOf = ({ source, sender, fingerprint, startsAt }: Alert): string =>
  createHash('sha256')
    .update(JSON.stringify([source, sender, fingerprint, new Date(startsAt).toISOString()]))
    .digest('hex');

/** What an alert cannot become: said in the answer, since nobody gains by its sender trying again. */
const FINAL = ['unknown-playbook', 'playbook-not-found', 'invalid-input', 'idempotency-key-reused'];

export interface TakeDeps {
  recoveries: Pick<RecoveryClient, 'start' | 'noteResolved'>;
  /** What monitors hold in maintenance, read once for all alerts of a request. */
  maintained: () => Promise<readonly MaintainedTarget[]>;
  rules: AlertRules;
  now: Date;
}

/** Starts, joins or ignores, by the first rule that fits. Throws only what its sender should try again for. */
export async function takeAlert(alert: Alert, { recoveries, maintained, rules, now }: TakeDeps): Promise<AlertResult> {
  const { fingerprint } = alert;
  const ignored = (why: string, rule?: string): AlertResult => ({
    fingerprint,
    outcome: 'ignored',
    ...(rule === undefined ? {} : { rule }),
    why,
  });
  const rule = findRule(rules.rules, alert);
  if (!rule) return ignored('no rule fits it');
  const { failure, missing } = fillRule(rule, alert, now);
  if (missing.length > 0) return ignored(`the rule reads ${missing.join(', ')}, which it does not have`, rule.name);
  const parsed = FailureSchema.safeParse(failure);
  if (!parsed.success) {
    const problems = fieldProblems(parsed.error.issues).map(({ field, message }) => `${field}: ${message}`);
    return ignored(`the rule makes no failure of it: ${problems.join('; ')}`, rule.name);
  }
  const { target } = parsed.data;
  const key = keyOf(alert);
  const about = { fingerprint, rule: rule.name };
  if (alert.status === 'resolved') {
    const { source, sender, startsAt } = alert;
    const over = { source, sender, fingerprint, startsAt, title: titleOfAlert(alert).slice(0, 2000) };
    const { outcome, workflowId, note } = await recoveries.noteResolved({ target, alert: over, key });
    if (outcome === 'none-open') return { ...about, outcome: 'resolved', why: note };
    return { ...about, outcome: 'resolved', workflowId, why: outcome === 'noted' ? note : `${outcome}: ${note}` };
  }
  const silence = findSilence(rules.silences, { alert, target, now });
  if (silence) return { ...about, outcome: 'silenced', why: `${silence.name}: ${silence.reason}` };
  const held = (await maintained()).find((one) => one.target === target);
  if (held) {
    const { monitor, until, by, reason } = held;
    return {
      ...about,
      outcome: 'silenced',
      why: `monitor ${monitor} holds it in maintenance until ${until}, by ${by}: ${reason}`,
    };
  }
  try {
    const { handle, joined, repeated } = await recoveries.start(parsed.data, {
      key,
      ...(rule.playbook === undefined ? {} : { playbook: rule.playbook }),
      ...(rule.inputs === undefined ? {} : { inputs: rule.inputs }),
    });
    const outcome = joined ? 'joined' : repeated ? 'repeated' : 'started';
    return { ...about, outcome, workflowId: handle.workflowId };
  } catch (error) {
    if (isRerailError(error) && FINAL.includes(error.code)) return ignored(error.message, rule.name);
    throw error;
  }
}
