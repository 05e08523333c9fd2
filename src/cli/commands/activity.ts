import type { Command } from 'commander';
import type { ActivityVerb, FindActivities, PendingActivity } from '../../client/pending-activities.ts';
import { RerailError } from '../../domain/errors.ts';
import { openContext, withClient } from '../context.ts';
import { renderActivities } from '../output/render-bulk.ts';
import { addByOption, addSignedOptions, signed, type SignedOptions } from '../signed-options.ts';

interface FindOptions {
  query?: string;
  minAttempts?: string;
  limit?: string;
}

function wholeNumber(option: string, text: string | undefined, fallback: number): number {
  const number = text === undefined ? fallback : Number(text);
  if (Number.isInteger(number) && number > 0) return number;
  throw new RerailError('invalid-input', `${option} ${text} is not a whole number above 0`, {
    remedy: `Write for example ${option} ${fallback}.`,
  });
}

const searchOf = ({ query, minAttempts, limit }: FindOptions, attempts: number): FindActivities => ({
  ...(query === undefined ? {} : { query }),
  minAttempts: wholeNumber('--min-attempts', minAttempts, attempts),
  limit: wholeNumber('--limit', limit, 1000),
});

async function failing(options: FindOptions, command: Command): Promise<void> {
  const context = await openContext(command);
  const { output } = context;
  const search = searchOf(options, 3);
  await withClient(context, async ({ pendingActivities }) => {
    const found = await pendingActivities.find({ ...search, failing: true });
    output.list(found, () => renderActivities(output.paint, found));
  });
}

interface VerbSpec {
  verb: ActivityVerb;
  description: string;
  /** Which of those that a query finds are meant. */
  fits: (pending: PendingActivity) => boolean;
  done: string;
  example: string;
}

const VERBS: VerbSpec[] = [
  {
    verb: 'retry-now',
    description: 'This command will try failing activities again at once, from where they were.',
    fits: ({ paused, state }) => !paused && state !== 'started',
    done: 'tried again now',
    example: 'rerail activity retry-now order-1042',
  },
  {
    verb: 'pause',
    description: 'This command will keep activities from their next attempt.',
    fits: ({ paused }) => !paused,
    done: 'paused',
    example: 'rerail activity pause order-1042 5 --reason "the bank asked for it"',
  },
  {
    verb: 'unpause',
    description: 'This command will let paused activities go on.',
    fits: ({ paused }) => paused,
    done: 'going on',
    example: `rerail activity unpause --query "WorkflowType = 'order'"`,
  },
  {
    verb: 'reset',
    description: 'This command will begin activities anew: first attempt, no heartbeat details, options as they were.',
    fits: () => true,
    done: 'begun anew',
    example: 'rerail activity reset order-1042 5',
  },
];

interface ActOptions extends FindOptions, SignedOptions {
  dryRun?: boolean;
}

/** By query, only failing ones are meant, and a query has to be given: nothing is done to all by a slip. */
function targetOf(workflowId: string | undefined, activityId: string | undefined, options: ActOptions): FindActivities {
  if (workflowId !== undefined && options.query === undefined)
    return { workflowId, ...(activityId === undefined ? {} : { activityId }) };
  if (workflowId === undefined && options.query !== undefined) return { ...searchOf(options, 1), failing: true };
  throw new RerailError('invalid-input', 'name a workflow, or give --query, one of them', {
    remedy: 'For example: rerail activity retry-now order-1042, or --query "WorkflowType = \'order\'".',
  });
}

async function act(
  { verb, fits, done }: VerbSpec,
  workflowId: string | undefined,
  activityId: string | undefined,
  options: ActOptions,
  command: Command,
): Promise<void> {
  const target = targetOf(workflowId, activityId, options);
  const context = await openContext(command);
  const { output } = context;
  // The server keeps a reason only with a pause.
  const who = verb === 'pause' ? await signed(options, output) : { by: options.by, reason: '' };
  await withClient(context, async ({ pendingActivities }) => {
    const found = (await pendingActivities.find(target)).filter(fits);
    if (options.dryRun)
      return output.list(found, () => `${renderActivities(output.paint, found)}\n${found.length} would be ${done}`);
    const results: { workflowId: string; activityId: string; type: string; done: boolean }[] = [];
    for (const pending of found) {
      const { workflowId: of, activityId: id, type } = pending;
      results.push({ workflowId: of, activityId: id, type, done: await pendingActivities.act(verb, pending, who) });
    }
    const count = results.filter((result) => result.done).length;
    const ended = results.length - count;
    output.list(results, () => `${count} ${done}${ended > 0 ? `, ${ended} had ended` : ''}`);
  });
}

export function addActivityCommands(program: Command): void {
  const activity = program
    .command('activity')
    .description('Find activities that fail and are tried again, and act on them.');
  activity
    .command('failing')
    .description('This command will list activities of running workflows whose attempts fail, or that are paused.')
    .option('--query <query>', 'of Visibility, for the workflows (default: all running ones)')
    .option('--min-attempts <count>', 'only those at this attempt or a later one (default: 3)')
    .option('--limit <count>', 'workflows that are looked at (default: 1000)')
    .addHelpText('after', '\nExample:\n  $ rerail activity failing --query "WorkflowType = \'order\'"')
    .action(failing);
  for (const spec of VERBS) {
    const added = activity.command(`${spec.verb} [workflow-id] [activity-id]`);
    (spec.verb === 'pause' ? addSignedOptions(added) : addByOption(added))
      .description(spec.description)
      .option('--query <query>', 'of Visibility, instead of one workflow: its failing activities')
      .option('--min-attempts <count>', 'with --query: only those at this attempt or a later one (default: 1)')
      .option('--limit <count>', 'with --query: workflows that are looked at (default: 1000)')
      .option('--dry-run', 'only list which')
      .addHelpText(
        'after',
        `\nExample:\n  $ rerail activity ${spec.verb} order-1042 --reason "the card service works again"`,
      )
      .action((workflowId: string | undefined, activityId: string | undefined, options: ActOptions, command: Command) =>
        act(spec, workflowId, activityId, options, command),
      );
  }
}
