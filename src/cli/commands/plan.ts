import { createHash } from 'node:crypto';
import type { Command } from 'commander';
import { loadPlaybooks } from '../../config/load-playbooks.ts';
import { RerailError } from '../../domain/errors.ts';
import { makePlan } from '../../planner/make-plan.ts';
import { openContext } from '../context.ts';
import { addFailureOptions, readFailure, readInputs, type FailureOptions } from '../failure-options.ts';
import { renderPlan } from '../output/render.ts';

async function plan(options: FailureOptions, command: Command): Promise<void> {
  const { output, settings } = await openContext(command);
  if (!options.file && !options.failureType && !options.category && !options.message && !options.code) {
    throw new RerailError('invalid-input', 'nothing says what failed', {
      remedy: 'Give --failure-type, --category, --code, --message or --file.',
    });
  }
  const message = options.message ?? `a ${options.failureType ?? options.category ?? options.code ?? ''} failure`;
  const failure = await readFailure(options, settings.host, { target: 'preview/target', message });
  const made = makePlan({
    failure,
    ...(options.playbook ? { playbook: options.playbook } : {}),
    inputs: readInputs(options.input),
    playbooks: await loadPlaybooks(settings.playbooksDir),
    checkpoints: [],
    defaultHost: settings.host,
    id: 'preview',
    now: new Date().toISOString(),
    sha256: (text) => createHash('sha256').update(text).digest('hex'),
  });
  output.value(made.plan, () => renderPlan(output.paint, made.plan));
}

export function addPlanCommand(program: Command): void {
  addFailureOptions(
    program.command('plan').description('This command will show the plan for a failure, without a server and without doing anything.'),
  )
    .addHelpText('after', '\nExample:\n  $ rerail plan --failure-type test_failure --lane standard')
    .action(plan);
}
