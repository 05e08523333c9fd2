import type { DrillFact, RecoveryFact } from '../../src/domain/period-facts.ts';
import { periodReportOf, type PeriodReport } from '../../src/domain/period-report.ts';

const FROM = new Date('2026-01-01T00:00:00Z');
const TO = new Date('2026-02-01T00:00:00Z');
const day = (number: number): string => new Date(Date.UTC(2026, 0, number, 12)).toISOString();

const parts = (detection: number, planning: number, humanWait: number, action: number, verification: number) => ({
  ...{ detection, planning, humanWait, action, verification },
});

export const recoveryFact = (number: number, more: Partial<RecoveryFact> = {}): RecoveryFact => ({
  kind: 'recovery',
  workflowId: `recovery/service/web-${number}`,
  runId: `run-${number}`,
  target: `service/web-${number}`,
  status: 'recovered',
  closedAt: day(number),
  playbook: 'restart',
  category: 'TRANSIENT',
  type: 'network',
  fingerprint: 'a'.repeat(64),
  message: 'connect ECONNREFUSED',
  rtoMs: 60_000,
  ttrMs: number * 10_000,
  parts: parts(1000, 500, 0, number * 10_000 - 3500, 2000),
  actions: [{ type: 'retry', outcome: 'succeeded', attempts: 1, durationMs: number * 100 }],
  ...more,
});

export const drillFact = (number: number, more: Partial<DrillFact> = {}): DrillFact => ({
  kind: 'drill',
  workflowId: `drill/kill/${number}`,
  name: 'kill',
  verdict: 'passed',
  closedAt: day(number),
  playbook: 'restart',
  rtoMs: 30_000,
  ttrMs: 2000,
  itemsLost: 0,
  ...more,
});

export const reportOf = (recoveries: readonly RecoveryFact[], drills: readonly DrillFact[] = []): PeriodReport =>
  periodReportOf({ from: FROM, to: TO, recoveries, drills, truncated: false, unread: [] }, TO);
