import { Option, type Command } from 'commander';
import type { ContinuationPreview } from '../../client/continue-recovery.ts';
import type { RecoveryClient } from '../../client/recovery-client.ts';
import { openContext, withClient } from '../context.ts';
import { followRecovery } from '../follow.ts';
import type { Output } from '../output/output.ts';
import { renderSnapshot } from '../output/render.ts';
import { withHandle } from '../with-handle.ts';
import { confirm } from '../prompt.ts';
import { addSignedOptions, needReason, signed, type SignedOptions } from '../signed-options.ts';

interface ContinueOptions extends SignedOptions {
  from?: string;
  plan?: 'same' | 'latest';
  run?: string;
  dryRun?: boolean;
  yes?: boolean;
  wait?: boolean;
}

function renderPreview({ workflowId, runId, continuation }: ContinuationPreview): string {
  if (!continuation) return `${workflowId} (${runId}): a new plan is made from the playbooks of now when it starts.`;
  const { receipts, again, leftOut, approvals } = continuation;
  return [
    `${workflowId} (${runId}) would go on so:`,
    ...receipts.map(({ id, title }) => `  kept        ${id}: ${title}`),
    ...leftOut.map(({ id, reason }) => `  left out    ${id}: ${reason}`),
    ...again.map(({ id, title, doneBefore }) => `  ${doneBefore ? 'done again' : 'done      '}  ${id}: ${title}`),
    ...approvals.map(({ by, actionId }) => `  approval of ${by}${actionId ? ` for ${actionId}` : ''} still counts`),
  ].join('\n');
}

/** Says first what will be done again, then starts it when that was agreed to. */
export async function continueRecovery(
  recoveries: RecoveryClient,
  output: Output,
  id: string,
  { from = 'failed', plan = 'same', run, by, reason, dryRun, yes, wait }: ContinueOptions,
): Promise<void> {
  const choice = { from, plan, ...(run ? { runId: run } : {}) };
  const preview = await recoveries.previewContinuation(id, choice);
  if (dryRun) return output.value(preview, () => renderPreview(preview));
  if (!yes) output.info(renderPreview(preview));
  await confirm(output, {
    yes,
    what: `${preview.workflowId} would be started again from ${from}`,
    remedy: 'Say so with --yes, or look only with --dry-run.',
  });
  const given = { ...choice, runId: preview.runId, by, reason: await needReason(reason, output) };
  const { handle, runId } = await recoveries.continueRecovery(id, given);
  output.info(renderPreview(preview));
  if (wait) {
    process.exitCode = await followRecovery({ handle, output });
    return;
  }
  output.value({ workflowId: handle.workflowId, runId, preview }, () => `${handle.workflowId} goes on as ${runId}`);
}

function withContinue(command: Command): Command {
  return addSignedOptions(command)
    .addOption(
      new Option('--plan <which>', 'the plan of then, or one made from the playbooks of now')
        .choices(['same', 'latest'])
        .default('same'),
    )
    .option('--run <id>', 'of an earlier recovery than the last')
    .option('--dry-run', 'only list what is kept and what is done again')
    .option('--yes', 'do not ask')
    .option('--wait', 'follow it to its end; the exit code says how it ended');
}

/** The commands that go on with a recovery, or end it without an undo. */
export function addRecoveryContinue(recovery: Command): void {
  withContinue(
    recovery
      .command('resume <recovery>')
      .description('This command will let a paused recovery go on, or a closed one from its first action not done.'),
  )
    .addHelpText(
      'after',
      '\nExample:\n  $ rerail recovery resume recovery/release/web --by ada --reason "disk is free" --yes',
    )
    .action(async (id: string, options: ContinueOptions, command: Command) => {
      const context = await openContext(command);
      await withClient(context, async (recoveries) => {
        const handle = recoveries.getHandle(id, options.run);
        if (await handle.isOpen()) {
          const receipt = await handle.resume(await signed(options, context.output));
          context.output.value(
            { workflowId: handle.workflowId, ...receipt },
            () => `${handle.workflowId}: ${receipt.note}`,
          );
          return;
        }
        await continueRecovery(recoveries, context.output, id, options);
      });
    });
  withContinue(
    recovery
      .command('fork <recovery>')
      .description('This command will start a closed recovery again from one of its actions, keeping what came before.')
      .requiredOption('--from <action>', 'the first action to do'),
  )
    .addHelpText('after', '\nExample:\n  $ rerail recovery fork recovery/release/web --from integrity --dry-run')
    .action(async (id: string, options: ContinueOptions, command: Command) => {
      const context = await openContext(command);
      await withClient(context, (recoveries) => continueRecovery(recoveries, context.output, id, options));
    });
  addSignedOptions(
    recovery
      .command('kill <recovery>')
      .description('This command will end a recovery at once. Nothing is undone; `cancel` undoes.'),
  )
    .option('--dry-run', 'only say what it has begun')
    .option('--yes', 'do not ask')
    .addHelpText('after', '\nExample:\n  $ rerail recovery kill recovery/release/web --by ada --reason "stuck" --yes')
    .action((id: string, options: SignedOptions & { yes?: boolean; dryRun?: boolean }, command: Command) =>
      withHandle(command, id, async (handle, { output }) => {
        if (options.dryRun) {
          const snapshot = await handle.status();
          return output.value({ ...snapshot, dryRun: true }, () => renderSnapshot(output.paint, snapshot));
        }
        const given = await signed(options, output);
        await confirm(output, {
          yes: options.yes,
          what: `${handle.workflowId} would end with nothing undone`,
          remedy: 'Say so with --yes, or use `rerail recovery cancel`, which undoes what was begun.',
        });
        const { left } = await handle.kill(given);
        const rest = left.length === 0 ? 'nothing it had begun needs an undo' : `not undone: ${left.join(', ')}`;
        output.value(
          { workflowId: handle.workflowId, killed: true, left },
          () => `${handle.workflowId} is killed; ${rest}`,
        );
      }),
    );
}
