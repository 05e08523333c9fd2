import { patched, workflowInfo } from '@temporalio/workflow';
import type { MonitorRecord } from '../monitor-state.ts';

/** There from the first maintenance on: by it is found whom to ask what is held. */
const heldIn = (held: number): { maintenance?: number } =>
  (held > 0 || workflowInfo().memo?.['maintenance'] !== undefined) && patched('monitor-tells-maintenance')
    ? { maintenance: held }
    : {};

/** What lists show of a monitor without asking it. */
export function memoOf({ monitor, overall, targets }: MonitorRecord) {
  const known = Object.values(targets);
  return {
    host: monitor.host,
    since: new Date(overall.since).toISOString(),
    targets: known.length,
    unhealthy: known.filter((target) => target.state === 'unhealthy').length,
    escalated: known.filter(({ escalated }) => escalated).length,
    ...heldIn(known.filter(({ maintenance }) => maintenance).length),
  };
}
