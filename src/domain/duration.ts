import ms, { type StringValue } from 'ms';

/** A length of time in Temporal's notation: `30s`, `5 minutes`, `1.5h`. */
export type Duration = StringValue;

/** Milliseconds of a duration that has already been validated. */
export function toMs(duration: Duration): number {
  return ms(duration);
}

/** A duration as people read it: `850ms`, `12.3s`, `4m 05s`, `1h 02m`. */
export function formatMs(milliseconds: number): string {
  const rounded = Math.max(0, Math.round(milliseconds));
  if (rounded < 1000) return `${rounded}ms`;
  if (rounded < 60_000) return `${(rounded / 1000).toFixed(rounded < 10_000 ? 2 : 1)}s`;
  const seconds = Math.round(rounded / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ${String(seconds % 60).padStart(2, '0')}s`;
  return `${Math.floor(seconds / 3600)}h ${String(Math.floor((seconds % 3600) / 60)).padStart(2, '0')}m`;
}
