import type { Command } from 'commander';
import type { AutomationChange } from '../../client/automation.ts';
import { openContext, withClient } from '../context.ts';
import { confirm } from '../prompt.ts';
import { addSignedOptions, signed, type SignedOptions } from '../signed-options.ts';

const renderChange = (head: string, { changed, refused }: AutomationChange, what: string): string =>
  [
    head,
    `${changed.length} open recoveries ${what}${changed.length > 0 ? `: ${changed.join(', ')}` : '.'}`,
    ...refused.map(({ workflowId, reason }) => `${workflowId} was not: ${reason}`),
  ].join('\n');

const SWITCH = {
  off: {
    description: 'This command will keep all plans from acting by themselves, and pause the open recoveries.',
    head: 'Automation is off: every plan waits for a person.',
    what: 'pause before their next action',
  },
  on: {
    description: 'This command will let plans act by themselves again, and what the switch has paused go on.',
    head: 'Automation is on.',
    what: 'go on',
  },
} as const;

/** The kill switch of design 4. */
export function addAutomationCommands(program: Command): void {
  const automation = program.command('automation').description('Switch automatic recoveries off and on.');
  automation
    .command('show')
    .description('This command will say whether plans may act by themselves.')
    .addHelpText('after', '\nExample:\n  $ rerail automation show')
    .action(async (_options: object, command: Command) => {
      const context = await openContext(command);
      await withClient(context, async (recoveries) => {
        const off = await recoveries.automation.status();
        context.output.value({ automation: off ? 'off' : 'on', ...off }, () =>
          off ? `off since ${context.output.paint.time(off.since)}, by ${off.by}: ${off.reason}` : 'on',
        );
      });
    });
  for (const position of ['off', 'on'] as const) {
    const { description, head, what } = SWITCH[position];
    addSignedOptions(automation.command(position).description(description))
      .option('--dry-run', 'only say how many recoveries are open')
      .option('--yes', 'do not ask')
      .addHelpText('after', `\nExample:\n  $ rerail automation ${position} --by ada --reason "deploy freeze" --yes`)
      .action(async (options: SignedOptions & { dryRun?: boolean; yes?: boolean }, command: Command) => {
        const context = await openContext(command);
        const given = await signed(options, context.output);
        await withClient(context, async (recoveries) => {
          const { output } = context;
          if (options.dryRun || !options.yes) {
            const open = (await recoveries.listRecoveries({ limit: 10_000 })).filter(
              ({ closedAt }) => closedAt === null,
            );
            if (options.dryRun) {
              const ids = open.map(({ workflowId }) => workflowId);
              return output.value({ automation: position, open: ids }, () => `${ids.length} recoveries are open.`);
            }
            await confirm(output, {
              yes: options.yes,
              what: `automation would be ${position}, ${open.length} recoveries are open`,
              remedy: 'Say so with --yes, or look only with --dry-run.',
            });
          }
          const change = await recoveries.automation[position](given);
          output.value({ automation: position, ...change }, () => renderChange(head, change, what));
        });
      });
  }
}
