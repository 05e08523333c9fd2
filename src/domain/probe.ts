export type { Probe, ProbeReading, VerifySpec } from './probe.schema.ts';
import type { Probe } from './probe.schema.ts';

export const PROBE_KINDS = ['command', 'file', 'http', 'tcp'] as const;
export type ProbeKind = (typeof PROBE_KINDS)[number];

/** The kind of a probe; the schema lets each have exactly one. */
export function probeKind(probe: Probe): ProbeKind {
  return PROBE_KINDS.find((kind) => probe[kind] !== undefined) ?? 'command';
}
