import { describe, expect, it } from 'vitest';
import { draftDrill } from '../../../src/cli/commands/drill-from.ts';
import { DrillSchema } from '../../../src/domain/drill.schema.ts';
import type { ActionRecord } from '../../../src/domain/recovery.ts';
import type { RecoveryReport } from '../../../src/domain/report.ts';
import { sampleReport } from '../../support/sample-report.ts';

const done = (type: ActionRecord['type']): ActionRecord => ({
  id: type,
  type,
  title: type,
  order: 1,
  required: false,
  status: 'succeeded',
  attempts: [],
  durationMs: 1,
});

function draft(more: Partial<RecoveryReport> = {}) {
  const { document, notes, text } = draftDrill({ ...sampleReport(), ...more });
  return { spec: DrillSchema.parse(document).spec, notes: notes.join('\n'), text };
}

describe('a drill from the report of a recovery', () => {
  it('wants the same playbook, end and actions, in about the time that was measured', () => {
    const { spec, text } = draft();
    expect(spec).toMatchObject({
      playbook: 'again',
      answers: { approve: true },
      expect: { status: 'recovered', actions: ['again'], healthy: true },
      objectives: { rto: '17s', itemsLost: 0 },
      failure: { message: sampleReport().failure.message, lane: 'standard' },
    });
    expect(text).toContain('# From recovery/release/web, run run-1.');
  });

  it('ends the fault between the try that failed and the one that worked', () => {
    expect(draft().spec.faults).toMatchObject([{ type: 'writeFile', path: 'flag.txt', for: '505ms' }]);
    const [again] = sampleReport().actions;
    const atOnce = [{ ...again!, attempts: [{ number: 1, startedAt: '2026-01-01', durationMs: 1, ok: true }] }];
    expect(draft({ actions: atOnce }).spec.faults).toMatchObject([{ for: '1ms' }]);
  });

  it('has the fault taken away as it was then: by a restore, by a person, or not at all', () => {
    const restored = draft({ actions: [done('rollback')] }).spec;
    expect([restored.checkpoint, restored.faults[0]?.for]).toEqual([true, undefined]);
    const byHand = draft({ actions: [done('manual')] }).spec;
    expect(byHand.answers).toMatchObject({ manual: 'done', mend: ['cp', 'well.txt', 'flag.txt'] });
    expect(byHand.sandbox.files['well.txt']).toBe(byHand.sandbox.files['flag.txt']);
    const escalated = draft({ status: 'escalated', actions: [done('escalate')] }).spec;
    expect(escalated.expect).toEqual({ status: 'escalated', actions: ['escalate'], healthy: false });
    expect([escalated.faults[0]?.for, escalated.objectives.itemsLost]).toEqual([undefined, 1]);
  });

  it('replays what was said, without secrets, and says what could not be taken over', () => {
    const { failure } = sampleReport();
    const secret = 'ghp_0123456789abcdefghijABCDEFGHIJ012345';
    const { spec, notes, text } = draft({
      failure: { ...failure, exitCode: 7, stderr: `token ${secret}\nBOOM`, component: 'api', signal: 'SIGTERM' },
      actions: [done('run'), done('retry')],
    });
    expect(JSON.parse(spec.sandbox.files['recorded.json'] ?? '')).toMatchObject({
      exitCode: 7,
      stderr: expect.stringContaining('BOOM'),
    });
    expect(text).not.toContain(secret);
    expect(spec.failure).not.toHaveProperty('component');
    expect(spec.expect.actions).toEqual(['retry']);
    for (const what of ['component api', 'signal SIGTERM', 'no command', 'done for real: run', 'Other playbooks'])
      expect(notes).toContain(what);
  });

  it('is not made of a recovery that somebody stopped', () => {
    expect(() => draft({ status: 'cancelled' })).toThrow('no end to repeat');
  });
});
