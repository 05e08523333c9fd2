import { Option, type Command } from 'commander';
import type { ListedRecovery } from '../../client/recovery-list.ts';
import { RECOVERY_STATUSES, type RecoveryStatus } from '../../domain/recovery.ts';
import { openContext, withClient } from '../context.ts';
import { followRecovery, printReport, reportIfClosed } from '../follow.ts';
import { paintStatus, renderPlan, renderSnapshot, renderTimelineEntry } from '../output/render.ts';
import { renderTable } from '../output/table.ts';
import { parseLimit } from '../parse-limit.ts';
import { withHandle } from '../with-handle.ts';
import { addRecoveryContinue } from './recovery-continue.ts';
import { addRecoveryDecisions } from './recovery-decisions.ts';
import { addRecoveryReport } from './receipt.ts';

async function list(
  options: { status?: RecoveryStatus[]; target?: string; limit: string },
  command: Command,
): Promise<void> {
  const context = await openContext(command);
  const { output } = context;
  const limit = parseLimit(options.limit);
  await withClient(context, async (recoveries) => {
    const found = await recoveries.listRecoveries({
      ...(options.status ? { status: options.status } : {}),
      ...(options.target ? { target: options.target } : {}),
      limit,
    });
    // A circuit breaker is no person.
    const asks = ({ waitingFor }: ListedRecovery): boolean => waitingFor !== null && !waitingFor.startsWith('breaker:');
    const sorted = [...found].sort((a, b) => Number(asks(b)) - Number(asks(a)));
    output.list(sorted, () =>
      sorted.length === 0
        ? 'No recoveries.'
        : renderTable(
            output.paint,
            ['state', 'target', 'playbook', 'category', 'waits for', 'started', 'run'],
            sorted.map((row) => [
              paintStatus(output.paint, row.status),
              row.target,
              row.playbook ?? '',
              row.category ?? '',
              row.waitingFor ?? '',
              output.paint.time(row.startedAt),
              row.runId,
            ]),
          ),
    );
  });
}

interface ShowOptions {
  plan?: boolean;
  timeline?: boolean;
  watch?: boolean;
  timeout?: string;
}

async function show(id: string, options: ShowOptions, command: Command): Promise<void> {
  await withHandle(command, id, async (handle, { output }) => {
    if (options.watch) {
      const { timeout } = options;
      process.exitCode = await followRecovery({ handle, output, ...(timeout === undefined ? {} : { timeout }) });
      return;
    }
    const report = await reportIfClosed(handle);
    if (report && !options.plan && !options.timeline) return void printReport(report, output);
    if (options.plan) {
      const plan = await handle.plan();
      return output.value(plan, () => (plan ? renderPlan(output.paint, plan) : 'There is no plan yet.'));
    }
    if (options.timeline) {
      const entries = await handle.timeline();
      return output.list(entries, () => entries.map((entry) => renderTimelineEntry(output.paint, entry)).join('\n'));
    }
    const snapshot = await handle.status();
    const allowed = await handle.allowedDecisions();
    output.value({ ...snapshot, allowedDecisions: allowed }, () =>
      [
        renderSnapshot(output.paint, snapshot),
        ...allowed.map(({ decision, allowed: may, reason }) =>
          may ? `  may ${decision}` : output.paint.dim(`  may not ${decision}: ${reason ?? ''}`),
        ),
      ].join('\n'),
    );
  });
}

export function addRecoveryCommands(program: Command): void {
  const recovery = program.command('recovery').description('Look at recoveries and decide on them.');
  recovery
    .command('list')
    .description('This command will list recoveries, those that wait for a person first.')
    .addOption(new Option('--status <status...>', 'only these').choices(RECOVERY_STATUSES))
    .option('--target <kind/name>', 'only of this target')
    .option('--limit <n>', 'at most so many', '50')
    .addHelpText('after', '\nExample:\n  $ rerail recovery list --status awaiting_approval awaiting_operator')
    .action(list);
  recovery
    .command('show <recovery>')
    .description('This command will show where a recovery stands, or its report.')
    .option('--plan', 'the plan')
    .option('--timeline', 'everything that happened')
    .addOption(
      new Option('--watch', 'follow it to its end, as `recovery watch`; the exit code says how it ended').conflicts([
        'plan',
        'timeline',
      ]),
    )
    .option('--timeout <duration>', 'with --watch: stop watching, exit code 124')
    .addHelpText('after', '\nExample:\n  $ rerail recovery show recovery/release/web')
    .action(show);
  recovery
    .command('watch <recovery>')
    .description('This command will follow a recovery to its end; the exit code says how it ended.')
    .option('--timeout <duration>', 'stop watching, exit code 124')
    .addHelpText('after', '\nExample:\n  $ rerail recovery watch recovery/release/web')
    .action((id: string, options: { timeout?: string }, command: Command) =>
      withHandle(command, id, async (handle, { output }) => {
        process.exitCode = await followRecovery({ handle, output, ...options });
      }),
    );
  addRecoveryReport(recovery);
  addRecoveryDecisions(recovery);
  addRecoveryContinue(recovery);
}
