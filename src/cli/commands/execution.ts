import { Option, type Command } from 'commander';
import { RECOVERY_WAYS, type RecoveryWay } from '../../domain/bulk.ts';
import { openContext, withClient } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { addSignedOptions, signed, type SignedOptions } from '../signed-options.ts';

interface RecoverOptions extends SignedOptions {
  run?: string;
  how: RecoveryWay;
  dryRun?: boolean;
  wait?: boolean;
}

const LOOK_EVERY_MS = 500;

async function recover(workflowId: string, options: RecoverOptions, command: Command): Promise<void> {
  const { how, run } = options;
  const context = await openContext(command);
  const { output } = context;
  const { by, reason } = await signed(options, output);
  await withClient(context, async ({ executions }) => {
    if (options.dryRun) {
      const { runId, status, type } = await executions.find(workflowId, run);
      const would = { workflowId, runId, type, status, how, dryRun: true };
      return output.value(would, () => `${type} ${workflowId} (${status}) would be recovered by ${how}`);
    }
    const asked = { workflowId, how, reason: `${by}: ${reason}`, ...(run === undefined ? {} : { runId: run }) };
    const done = await executions.recover(asked);
    if (!options.wait) return output.value({ ...done, how }, () => `${workflowId} goes on in run ${done.newRunId}`);
    for (;;) {
      const { result, note } = await executions.look(workflowId, done.newRunId);
      if (result !== 'running') {
        output.value(
          { ...done, how, result, note: note ?? null },
          () => `${workflowId}: ${result}${note ? `, ${note}` : ''}`,
        );
        if (result === 'failed') process.exitCode = EXIT.unrecovered;
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  });
}

export function addExecutionCommands(program: Command): void {
  const execution = program.command('execution').description('Recover a closed Temporal execution of your own.');
  addSignedOptions(execution.command('recover <workflow-id>'))
    .description('This command will recover a failed execution: from before the step that failed, or from its start.')
    .option('--run <run-id>', 'which run; it has to be the newest (default: the newest)')
    .addOption(new Option('--how <way>', 'how').choices(RECOVERY_WAYS).default('reset'))
    .option('--dry-run', 'only say what it would do')
    .option('--wait', 'wait for the end of the new run')
    .addHelpText(
      'after',
      '\nExample:\n  $ rerail execution recover order-1042 --reason "the card service works again" --wait',
    )
    .action(recover);
}
