import type { Client } from '@temporalio/client';
import type { Probe, ProbeKind, ProbeReading } from '../../domain/probe.ts';
import type { ProcessStatus } from '../../domain/process.ts';
import type { SessionReading } from '../../domain/session.ts';

/** What one look saw. */
export type Look = Pick<ProbeReading, 'passed' | 'observed' | 'failureType' | 'value' | 'unit' | 'retryAfterMs'>;

export interface LookOptions {
  timeoutMs: number;
  /** Aborted when the time is over. */
  signal: AbortSignal;
  /** Of the worker, or of whoever looks. Absent: there is no server to ask. */
  temporal?: (() => Client | Promise<Client>) | undefined;
  /** What a host's worker knows of its sessions. */
  checkSession?: CheckSession | undefined;
  /** What a host's worker knows of the processes that it keeps running. */
  processStatus?: LookUpProcess | undefined;
}

export type CheckSession = (input: { session: unknown }) => Promise<SessionReading>;

export type LookUpProcess = (name: string) => Promise<ProcessStatus>;

export type LookAt<Kind extends ProbeKind> = (
  spec: NonNullable<Probe[Kind]>,
  options: LookOptions,
  probe: Probe,
) => Promise<Look>;

/** What a host's own files and commands are looked for under. */
export const rootOf = (probe: Probe): string => probe.workspace ?? process.cwd();

const round = (value: number): number => Math.round(value * 100) / 100;

export interface Limit {
  what: string;
  value: number;
  unit: string;
  /** Absent: only shown. */
  max?: number | undefined;
  min?: number | undefined;
}

const text = ({ what, value, unit, max, min }: Limit): string => {
  const suffix = unit === '%' ? ' %' : unit === '' ? '' : ` ${unit}`;
  const limit = max === undefined ? (min === undefined ? '' : ` (at least ${min})`) : ` (at most ${max})`;
  return `${what} ${round(value)}${suffix}${limit}`;
};

const isOver = ({ value, max, min }: Limit): boolean =>
  (max !== undefined && value > max) || (min !== undefined && value < min);

/** Judges measured values by their limits; the first one that is over, or else the first one, is the reading's value. */
export function judge(limits: readonly Limit[], failureType: NonNullable<Look['failureType']>): Look {
  const over = limits.filter(isOver);
  const told = over.length > 0 ? over : limits;
  const first = told[0];
  return {
    passed: over.length === 0,
    observed: told.map(text).join(', '),
    ...(over.length > 0 ? { failureType } : {}),
    ...(first === undefined ? {} : { value: round(first.value), unit: first.unit }),
  };
}
