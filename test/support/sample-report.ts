import { createHash, createHmac } from 'node:crypto';
import type { ApprovalRecord } from '../../src/domain/approval.ts';
import type { RecoveryReport } from '../../src/domain/report.ts';
import type { ReceiptCrypto } from '../../src/domain/receipt.ts';
import { RecoveryReportSchema } from '../../src/domain/report.schema.ts';
import { hashPlan } from '../../src/planner/hash-plan.ts';

export const CRYPTO: ReceiptCrypto = {
  sha256: (text) => createHash('sha256').update(text).digest('hex'),
  hmacSha256: (key, text) => createHmac('sha256', key).update(text).digest('hex'),
};

const at = (seconds: number): string => new Date(Date.UTC(2026, 0, 1, 12, 0, seconds)).toISOString();

const unhashed = {
  schemaVersion: 1 as const,
  id: 'plan_1',
  name: 'again',
  description: '',
  target: 'release/web',
  playbook: { name: 'again', source: 'user' as const },
  errorCategory: 'TRANSIENT' as const,
  failureType: 'test_failure' as const,
  severity: 'MEDIUM' as const,
  lane: 'standard' as const,
  mode: 'auto' as const,
  risk: 'low' as const,
  actions: [
    {
      id: 'again',
      type: 'retry' as const,
      title: 'Try again',
      order: 1,
      required: true,
      timeout: '30s' as const,
      estimatedMs: 1000,
      success: [],
      retry: {
        maximumAttempts: 2,
        initialInterval: '1s' as const,
        backoffCoefficient: 2,
        maximumInterval: '60s' as const,
        jitter: 0.5,
      },
      steps: [{ name: 'test', operation: { kind: 'command' as const, argv: ['npm', 'test'] } }],
    },
  ],
  verify: { probes: [], within: '30s' as const, holdFor: '0s' as const, every: '1s' as const },
  requiresApproval: true,
  limits: {},
  objectives: {},
  estimatedDurationMs: 30_000,
  confidence: 0.8,
  reasons: ['it may pass now'],
  alternatives: [],
  createdAt: at(1),
};
const hash = hashPlan(unhashed, CRYPTO.sha256);
const approval: ApprovalRecord = {
  verdict: 'approved',
  by: 'ada',
  reason: 'looks | <b>right</b>',
  at: at(3),
  planHash: hash,
  authenticated: false,
  via: 'update',
};
const error = { code: 'command-failed', message: 'npm test ended with exit code 1: naïve café\nfails' };
const reading = (passed: boolean, second: number) => ({
  name: 'up',
  kind: 'tcp' as const,
  passed,
  observed: passed ? 'connected' : 'refused',
  durationMs: 1,
  at: at(second),
});

/** A report with something in each of its fields. */
export const sampleReport = (): RecoveryReport =>
  RecoveryReportSchema.parse({
    schemaVersion: 1,
    workflowId: 'recovery/release/web',
    runId: 'run-1',
    target: 'release/web',
    subject: 'run/web/1',
    status: 'recovered',
    summary: 'release/web recovered by retry, verified by probes',
    nextSteps: ['Nothing has to be done.'],
    resolvedBy: 'retry',
    failure: { target: 'release/web', message: error.message, occurredAt: at(0), detectedAt: at(1) },
    joined: [{ target: 'release/web', message: 'and again' }],
    classification: { category: 'TRANSIENT', type: 'test_failure', severity: 'MEDIUM', rule: 'a test failed' },
    plan: { ...unhashed, hash },
    actions: [
      {
        id: 'again',
        type: 'retry',
        title: 'Try again',
        order: 1,
        required: true,
        status: 'succeeded',
        attempts: [
          { number: 1, startedAt: at(4), durationMs: 10, ok: false, error },
          { number: 2, startedAt: at(5), durationMs: 10, ok: true },
        ],
        startedAt: at(4),
        finishedAt: at(6),
        durationMs: 1020,
        output: { exitCode: 0, nested: { '10': 1, '9': -1.5e-7 } },
      },
    ],
    failedStrategies: [
      { playbook: 'first', planHash: 'a'.repeat(64), error, actions: [], probes: [reading(false, 2)] },
    ],
    approvals: [approval, { ...approval, verdict: 'denied', planHash: 'a'.repeat(64), by: 'bob' }],
    decisions: [{ decision: 'retry', actionId: 'again', by: 'ada', reason: 'once more', at: at(4) }],
    verification: {
      verified: true,
      how: 'probes',
      before: [reading(false, 2)],
      after: [reading(true, 6)],
      heldForMs: 100,
    },
    compensations: [
      { actionId: 'drain', title: 'Undo of drain', ok: false, attempts: 3, durationMs: 5, error },
      { actionId: 'stop', title: 'Undo of stop', ok: true, attempts: 1, durationMs: 5 },
    ],
    restored: { checkpointId: 'cp_1', backupId: 'cp_2', manifestSha256: 'b'.repeat(64), changed: 2 },
    times: { t0: at(0), t1: at(1), t2: at(2), t3: at(4), t4: at(6), t5: at(7) },
    durations: { ttdMs: 1000, timeToMitigateMs: 6000, ttrMs: 7000, humanWaitMs: 1000, totalMs: 6000 },
    timeline: [
      { seq: 1, at: at(1), kind: 'reported', message: error.message },
      { seq: 2, at: at(3), kind: 'approval', message: 'approved', by: 'ada', reason: 'looks right' },
    ],
    error,
  });
