import type { MonitorHealth, TargetHealth } from '../../domain/monitor.ts';

const SHOWN = 40;

const note = ({ escalatedSince, openRecovery, maintenance, flapping }: TargetHealth): string =>
  [
    escalatedSince === null ? '' : 'escalated',
    openRecovery === null ? '' : openRecovery.recoveryId,
    maintenance === null ? '' : `maintenance until ${maintenance.until}`,
    flapping ? 'flaps' : '',
  ]
    .filter((text) => text !== '')
    .join(', ');

/** For Temporal's own UI; those that need somebody first. */
export function describeMonitor({ name, state, host, targets }: MonitorHealth): string {
  const order = ['unhealthy', 'degraded', 'unknown', 'healthy'];
  const sorted = [...targets].sort((a, b) => order.indexOf(a.state) - order.indexOf(b.state)).slice(0, SHOWN);
  const rows = sorted.map((target) => {
    const passing = target.checks.filter((check) => check.state === 'healthy').length;
    return `| ${target.target} | ${target.state} | ${passing} of ${target.checks.length} | ${note(target)} |`;
  });
  const more = targets.length - sorted.length;
  return [
    `**${name}**: ${state}, host ${host.name} ${host.state}${host.problem === null ? '' : ` (${host.problem})`}`,
    '',
    '| target | state | checks that pass | |',
    '|---|---|---|---|',
    ...rows,
    ...(more > 0 ? [`| … and ${more} more | | | |`] : []),
    '',
    `Look: \`rerail monitor show ${name}\` · after an escalation: \`rerail monitor reset ${name} TARGET --reason "…"\``,
  ].join('\n');
}
