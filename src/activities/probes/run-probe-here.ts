import { getClient } from '@temporalio/activity';
import type { Probe, ProbeReading } from '../../domain/probe.ts';
import { runProbe, type ProbeAsks } from './run-probe.ts';

export type RunProbe = (probe: Probe) => Promise<ProbeReading>;

/** In an activity: Temporal is asked by the worker's own connection, sessions and processes by the worker of their host. */
export const createRunProbe =
  (asks: Omit<ProbeAsks, 'temporal'> = {}): RunProbe =>
  (probe) =>
    runProbe(probe, { temporal: getClient, ...asks });
