export type { Probe, ProbeReading, VerifySpec } from './probe.schema.ts';
import type { Probe } from './probe.schema.ts';

export const PROBE_KINDS = [
  'command',
  'file',
  'http',
  'tcp',
  'process',
  'memory',
  'disk',
  'cpu',
  'eventLoop',
  'postgres',
  'redis',
  'queue',
  'temporalTaskQueue',
  'git',
  'session',
] as const;
export type ProbeKind = (typeof PROBE_KINDS)[number];

/** Kinds that look at one machine: they run there where the probe names a host. */
const HOST_BOUND: readonly ProbeKind[] = [
  'command',
  'file',
  'process',
  'memory',
  'disk',
  'cpu',
  'eventLoop',
  'git',
  'session',
];

/** The kind of a probe; the schema lets each have exactly one. */
export function probeKind(probe: Partial<Record<ProbeKind, unknown>>): ProbeKind {
  return PROBE_KINDS.find((kind) => probe[kind] !== undefined) ?? 'command';
}

export const isHostBound = (probe: Probe): boolean => HOST_BOUND.includes(probeKind(probe));
