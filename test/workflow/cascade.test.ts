import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { loadDefinitions } from '../../src/config/load-playbooks.ts';
import { FailureSchema } from '../../src/domain/failure.schema.ts';
import { RecoveryReportSchema } from '../../src/domain/report.schema.ts';
import { makePlan, type MakePlanInput } from '../../src/planner/make-plan.ts';
import { failureOf } from '../support/broken-target.ts';
import { commandFailed } from '../support/harness.ts';
import { newHarnessForEach } from '../support/new-harness.ts';
import { ESCALATE, head, RETRY } from '../support/playbook-text.ts';

const harness = newHarnessForEach(head('any') + RETRY + ESCALATE);

/** The planner with the example graph: link, module, quality gate. */
async function planWithComponents(): Promise<void> {
  const definitions = await loadDefinitions(['examples/components']);
  harness.fakes['makePlan'] = (input: Pick<MakePlanInput, 'failure'>) =>
    makePlan({
      ...input,
      ...definitions,
      failure: FailureSchema.parse(input.failure),
      checkpoints: [],
      defaultHost: harness.host,
      id: 'plan_1',
      now: '2026-01-01T00:00:00.000Z',
      sha256: (text) => createHash('sha256').update(text).digest('hex'),
    });
}

it('mends the root of a cascade first, then tries once more what was reported, and the report says so', async () => {
  await planWithComponents();
  let mended = false;
  harness.fakes['runCommand'] = ({ operation }: { operation: { argv: string[] } }) => {
    const command = operation.argv.join(' ');
    if (command === 'npm ci') mended = true;
    if (command === 'npm test' && !mended) throw commandFailed();
    return { exitCode: 0, durationMs: 1 };
  };
  const { handle } = await harness.recoveries.start(
    failureOf(harness, {
      type: 'quality_gate',
      component: 'quality-gate',
      operation: { kind: 'command', argv: ['npm', 'test'], workspace: '/w', host: harness.host },
      related: [
        { component: 'module', type: 'module', message: 'modules do not load' },
        { component: 'link', type: 'link', message: 'password=geheim1 does not open the link' },
      ],
      recoveryType: 'emergency',
    }),
  );
  const report = RecoveryReportSchema.parse(await handle.result());
  expect(report).toMatchObject({
    status: 'recovered',
    resolvedBy: 'retry',
    plan: { rootCause: { component: 'link' } },
    failure: { recoveryType: 'emergency', related: [{}, { message: 'password=[redacted] does not open the link' }] },
    classification: { fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/) },
  });
  expect(harness.calls.filter((call) => call.startsWith('runCommand'))).toEqual([
    'runCommand npm ls --all',
    'runCommand npm ci',
    'runCommand npm ls',
    'runCommand npm test',
  ]);
});
