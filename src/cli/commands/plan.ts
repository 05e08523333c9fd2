import type { Command } from 'commander';
import { loadDefinitions } from '../../config/load-playbooks.ts';
import type { CheckpointRecord } from '../../domain/checkpoint.ts';
import { RerailError } from '../../domain/errors.ts';
import type { Failure } from '../../domain/failure.ts';
import { previewPlan } from '../../planner/preview-plan.ts';
import { sha256 } from '../../process/digests.ts';
import { openContext } from '../context.ts';
import { addFailureOptions, readFailure, readInputs, type FailureOptions } from '../failure-options.ts';
import { renderExplanation } from '../output/render-playbook.ts';
import { renderPlan } from '../output/render.ts';

interface PlanOptions extends FailureOptions {
  explain?: boolean;
}

async function showPlan(words: string[], options: PlanOptions, command: Command): Promise<void> {
  const { settings } = await openContext(command);
  if (!options.file && !options.failureType && !options.category && !options.message && !options.code) {
    throw new RerailError('invalid-input', 'nothing says what failed', {
      remedy: 'Give --failure-type, --category, --code, --message or --file.',
    });
  }
  const message = options.message ?? `a ${options.failureType ?? options.category ?? options.code ?? ''} failure`;
  const assumed: Partial<Failure> = options.file
    ? {}
    : { subject: 'preview/subject', operation: { kind: 'activity', name: 'the-failed-operation' } };
  const failure = await readFailure(options, words, settings.host, { target: 'preview/target', message, ...assumed });
  await showPreview(failure, options, command);
}

/** Shows the plan that a recovery of this failure would make. */
export async function showPreview(failure: Failure, options: PlanOptions, command: Command): Promise<void> {
  const { output, settings } = await openContext(command);
  const definitions = await loadDefinitions(settings.playbooksDir);
  const { plan, ...explanation } = previewPlan({
    ...definitions,
    failure,
    ...(options.playbook ? { playbook: options.playbook } : {}),
    inputs: readInputs(options.input),
    checkpoints: failure.subject ? [assumedCheckpoint(failure)] : [],
    defaultHost: settings.host,
    sha256,
  });
  if (options.explain) {
    output.value({ plan, ...explanation }, () =>
      [renderPlan(output.paint, plan), renderExplanation(output.paint, explanation)].join('\n'),
    );
  } else output.value(plan, () => renderPlan(output.paint, plan));
  output.info(
    output.paint.dim(
      'A preview: it takes for granted that there is a good checkpoint. A recovery looks at the real ones.',
    ),
  );
}

/** Stands for the newest good checkpoint, which only a recovery can look up. */
const assumedCheckpoint = ({ subject = '', host = '', run }: Failure): CheckpointRecord => ({
  info: {
    id: `cp_${'0'.repeat(26)}`,
    name: 'the last good checkpoint',
    type: 'phase-start',
    subject,
    description: '',
    tags: [],
    success: true,
    ...(run ? { phaseIndex: run.failed.phaseIndex, stepIndex: run.failed.index } : {}),
  },
  state: 'complete',
  createdAt: new Date(0).toISOString(),
  host,
  checksum: '0'.repeat(64),
  parts: ['files'],
  fileCount: 0,
  totalBytes: 0,
  newBytes: 0,
  skipped: 0,
  durationMs: 0,
});

export function addPlanCommand(program: Command): void {
  addFailureOptions(
    program
      .command('plan')
      .description('This command will show the plan for a failure, without a server and without doing anything.'),
  )
    .option('--explain', 'the whole choice: the rule that classified it, and why each playbook was taken or not')
    .addHelpText('after', '\nExample:\n  $ rerail plan --failure-type test_failure --lane standard')
    .action(showPlan);
}
