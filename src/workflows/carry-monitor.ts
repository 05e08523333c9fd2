import type { MonitorRecord } from './monitor-state.ts';
import type { HealthMonitorInput } from './health-monitor.ts';

/** Temporal refuses an input of more than 2 MB, and ends the workflow. */
const MOST_BYTES = 1_800_000;

const bytesOf = (value: unknown): number => new TextEncoder().encode(JSON.stringify(value)).length;

/** What goes into the next history: each thing once, and without the readings where those are too much, for the next looks bring them. */
export function carry({ monitor, ...record }: MonitorRecord): Required<Pick<HealthMonitorInput, 'monitor' | 'record'>> {
  const whole = { monitor, record };
  return bytesOf(whole) <= MOST_BYTES ? whole : { monitor, record: { ...record, readings: {} } };
}
