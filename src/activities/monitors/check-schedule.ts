import type { MonitorCheck } from '../../domain/monitor.ts';

/** First looks are spread over so long, or over the period where that is shorter. Milliseconds. */
const FIRST_SPREAD_MS = 10_000;

/** FNV-1a, as a share of 1: the same name always has the same place, so that a new watch goes on in step. */
function shareOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  // Short names differ in the low bits most.
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return ((hash ^ (hash >>> 13)) >>> 0) / 2 ** 32;
}

const periodMs = ({ periodSeconds }: MonitorCheck): number => Math.max(1, periodSeconds * 1000);

/** The first moment after `time` at which the check is due; its own place within the period spreads the checks. */
export function dueAfter(check: MonitorCheck, time: number): number {
  const period = periodMs(check);
  const place = shareOf(check.name) * period;
  const past = (((time - place) % period) + period) % period;
  return time + period - past;
}

/** When a check is looked at for the first time. */
export function firstDue(check: MonitorCheck, startedAt: number): number {
  const spread = shareOf(check.name) * Math.min(periodMs(check), FIRST_SPREAD_MS);
  return startedAt + check.initialDelaySeconds * 1000 + spread;
}
