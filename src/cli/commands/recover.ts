import { userInfo } from 'node:os';
import type { Command } from 'commander';
import { loadPlaybooks } from '../../config/load-playbooks.ts';
import { findPlaybook } from '../../planner/make-plan.ts';
import { findCommand } from '../../process/find-command.ts';
import { openContext, tellWithoutWorker, withClient } from '../context.ts';
import { addFailureOptions, readFailure, readInputs, type FailureOptions } from '../failure-options.ts';
import { followRecovery, parseDuration } from '../follow.ts';
import { showPreview } from './plan.ts';

interface RecoverOptions extends FailureOptions {
  wait?: boolean;
  watch?: boolean;
  timeout?: string;
  breakGlass?: string;
  dryRun?: boolean;
}

async function recover(words: string[], options: RecoverOptions, command: Command): Promise<void> {
  const context = await openContext(command);
  const { output, settings } = context;
  const failure = await readFailure(options, words, settings.host);
  if (options.timeout) parseDuration(options.timeout, '--timeout');
  if (options.playbook) findPlaybook(options.playbook, await loadPlaybooks(settings.playbooksDir));
  const { operation } = failure;
  if (operation?.kind === 'command' && operation.host === settings.host) {
    await findCommand(operation.argv[0] ?? '', operation.workspace ?? process.cwd());
  }
  if (options.dryRun) return showPreview(failure, options, command);
  await withClient(context, async (recoveries, client) => {
    const { handle, runId, joined } = await recoveries.start(failure, {
      ...(options.playbook ? { playbook: options.playbook } : {}),
      inputs: readInputs(options.input),
      ...(options.breakGlass ? { breakGlass: { by: userInfo().username, reason: options.breakGlass } } : {}),
    });
    const started = { workflowId: handle.workflowId, runId, joined };
    const text = joined
      ? `Joined ${handle.workflowId}, which is open already for this target.`
      : `Started ${handle.workflowId}. Watch it: rerail recovery watch ${handle.workflowId}`;
    if (!options.wait && !options.watch) {
      output.value(started, () => text);
      return tellWithoutWorker(context, client);
    }
    output.info(text);
    process.exitCode = await followRecovery({
      handle,
      output,
      ...(options.timeout ? { timeout: options.timeout } : {}),
    });
  });
}

export function addRecoverCommand(program: Command): void {
  addFailureOptions(
    program
      .command('recover')
      .description('This command will start a recovery, or join the one that is open for the target.'),
  )
    .option('--dry-run', 'only show the plan')
    .option('--wait', 'follow it to its end; the exit code says how it ended')
    .option(
      '--watch',
      'the same: its actions as a tree that is drawn anew on a terminal, a line for each event elsewhere',
    )
    .option('--break-glass <reason>', 'let it through the brakes on automation; the reason is kept in the report')
    .option('--timeout <duration>', 'with --wait or --watch: stop waiting, exit code 124')
    .addHelpText(
      'after',
      '\nExample:\n  $ rerail recover --target release/web --message "tests fail" --failure-type test_failure --wait -- npm test',
    )
    .action(recover);
}
