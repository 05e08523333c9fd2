import ms, { type StringValue } from 'ms';

const two = (value: number): string => String(value).padStart(2, '0');

/** `850 ms`, `38 s`, `4 min 05 s`, `1 h 02 min`, `3 d 4 h`. Milliseconds. */
export function formatDuration(milliseconds: number): string {
  const value = Math.max(0, Math.round(milliseconds));
  if (value < 1000) return `${value} ms`;
  if (value < 10_000) return `${(value / 1000).toFixed(1)} s`;
  const seconds = Math.round(value / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${two(seconds % 60)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60 * 24) return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`;
  return `${Math.floor(minutes / 1440)} d ${Math.floor((minutes % 1440) / 60)} h`;
}

/** For ages and countdowns: whole seconds, and from an hour on no seconds. */
export const formatSeconds = (milliseconds: number): string =>
  milliseconds < 10_000 ? `${Math.max(0, Math.floor(milliseconds / 1000))} s` : formatDuration(milliseconds);

/** Milliseconds of a duration such as `5 minutes`; undefined for what is none. */
export function toMilliseconds(duration: string | undefined): number | undefined {
  if (duration === undefined) return undefined;
  const found = ms(duration as StringValue);
  return Number.isFinite(found) ? found : undefined;
}

export function formatAge(iso: string, now: number): string {
  const age = Math.max(0, now - Date.parse(iso));
  if (age < 60_000) return `${Math.floor(age / 1000)} s`;
  if (age < 3_600_000) return `${Math.floor(age / 60_000)} min`;
  if (age < 86_400_000) return `${Math.floor(age / 3_600_000)} h ${two(Math.floor((age % 3_600_000) / 60_000))} min`;
  return `${Math.floor(age / 86_400_000)} d`;
}

export const formatClock = (iso: string): string => new Date(iso).toTimeString().slice(0, 8);

export function formatMoment(iso: string): string {
  const at = new Date(iso);
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${at.toTimeString().slice(0, 8)}`;
}

export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const step = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** step;
  return `${step === 0 ? value : value.toFixed(1)} ${units[step]}`;
}

export const formatPercent = (fraction: number): string => `${Math.round(fraction * 100)} %`;

export const shortHash = (hash: string): string => hash.slice(0, 8);

export const plural = (n: number, one: string, many = `${one}s`): string => `${n} ${n === 1 ? one : many}`;
