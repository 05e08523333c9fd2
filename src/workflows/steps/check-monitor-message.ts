import { MAX_CHECKS } from '../../domain/monitor.ts';
import { probeKind, PROBE_KINDS } from '../../domain/probe.ts';
import { isDuration, isFields, isListOf, isNumber, isText, need, type Fields } from './check-message.ts';

/** Throws `invalid-input` for a change that does not say who makes it and why. */
export function checkSigned(given: unknown): Fields {
  need(isFields(given), 'message', 'must be an object');
  need(isText(given['by']), 'by', 'must name who does it');
  need(isText(given['reason']), 'reason', 'must give a reason');
  return given;
}

/** The shape of a definition, as the client has resolved it; `MonitorSchema` says all of it. */
export function checkConfigure(given: unknown): void {
  const { monitor } = checkSigned(given);
  need(isFields(monitor), 'monitor', 'must be a definition');
  need(isText(monitor['name']), 'monitor.name', 'must be a name');
  need(isText(monitor['host']), 'monitor.host', 'must name a host');
  for (const field of ['cooldown', 'hold', 'hostTimeout'])
    need(isDuration(monitor[field]), `monitor.${field}`, 'must be a duration such as "30s"');
  const { startLimit } = monitor;
  need(
    isFields(startLimit) && isNumber(startLimit['burst']) && isDuration(startLimit['interval']),
    'monitor.startLimit',
    'must be a number and an interval such as {"burst": 3, "interval": "1h"}',
  );
  need(isListOf(isText, monitor['escalateTo']), 'monitor.escalateTo', 'must be a list of names');
  const checks = monitor['checks'];
  need(
    Array.isArray(checks) && checks.length > 0 && checks.length <= MAX_CHECKS,
    'monitor.checks',
    `must have 1 to ${MAX_CHECKS} checks`,
  );
  checks.forEach((check: unknown, index) => {
    const at = `monitor.checks.${index}`;
    need(isFields(check), at, 'must be an object');
    need(isText(check['name']), `${at}.name`, 'must be a name');
    need(isText(check['target']), `${at}.target`, 'must be a target');
    const { probe } = check;
    need(
      isFields(probe) && probe[probeKind(probe)] !== undefined,
      `${at}.probe`,
      `must be one of ${PROBE_KINDS.join(', ')}`,
    );
    const { failure } = check;
    need(isFields(failure) && isFields(failure['labels']), `${at}.failure`, 'must be an object with labels');
    for (const field of ['periodSeconds', 'timeoutSeconds', 'failureThreshold', 'successThreshold'])
      need(typeof check[field] === 'number' && check[field] > 0, `${at}.${field}`, 'must be a number above 0');
  });
}

const knows = (target: unknown, targets: readonly string[]): void =>
  need(isText(target) && targets.includes(target), 'target', `must be one of ${targets.slice(0, 20).join(', ')}`);

/** Throws `invalid-input`; a time that has passed is refused. */
export function checkMaintenance(given: unknown, targets: readonly string[], now: number): void {
  const { mode, until, target } = checkSigned(given);
  need(mode === 'on' || mode === 'off', 'mode', 'must be on or off');
  if (mode === 'on') need(isText(until) && Date.parse(until) > now, 'until', 'must be a time that is still to come');
  if (target !== undefined) knows(target, targets);
}

/** Throws `invalid-input` for a target that the monitor does not have. */
export function checkTarget(given: unknown, targets: readonly string[]): void {
  knows(checkSigned(given)['target'], targets);
}

/** The same where no target means all of them. */
export function checkCheckNow(given: unknown, targets: readonly string[]): void {
  const { target } = checkSigned(given);
  if (target !== undefined) knows(target, targets);
}
