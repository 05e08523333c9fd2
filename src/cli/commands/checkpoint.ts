import path from 'node:path';
import { Option, type Command } from 'commander';
import type { RecoveryClient } from '../../client/recovery-client.ts';
import { CHECKPOINT_TYPES, type CheckpointRecord, type CheckpointType } from '../../domain/checkpoint.ts';
import { findCheckpoint } from '../find-checkpoint.ts';
import { openContext, withClient } from '../context.ts';
import { renderCheckpoint, renderCheckpoints } from '../output/render-store.ts';
import { formatBytes, paintStatus } from '../output/render.ts';
import { parseLimit } from '../parse-limit.ts';
import { withProgress } from '../progress.ts';
import { ledgerId } from '../../domain/wire-names.ts';
import { addStoreCommands } from './checkpoint-store.ts';

interface ListOptions {
  subject?: string;
  type?: CheckpointType[];
  tag?: string[];
  phase?: string;
  agent?: string;
  valid?: boolean;
  limit: string;
}

/** A subject for a directory that belongs to no run. */
const subjectOf = (root: string): string =>
  `workspace/${
    path
      .basename(root)
      .replace(/[^A-Za-z0-9._@-]+/g, '-')
      .replace(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, '') || 'root'
  }`;

async function create(
  options: {
    subject?: string;
    root: string;
    name?: string;
    type: CheckpointType;
    phase?: string;
    description?: string;
    tag?: string[];
    exclude?: string[];
    provider?: string[];
    dryRun?: boolean;
  },
  command: Command,
): Promise<void> {
  const context = await openContext(command);
  const { output, settings } = context;
  const root = path.resolve(options.root);
  const subject = options.subject ?? subjectOf(root);
  if (options.dryRun) {
    return output.value(
      { subject, root, host: settings.host, dryRun: true },
      () => `${root} would be saved as a checkpoint of ${subject} on ${settings.host}`,
    );
  }
  await withClient(context, async (recoveries, client) => {
    const input = {
      name: options.name ?? `manual ${new Date().toISOString()}`,
      type: options.type,
      ...(options.phase ? { phase: options.phase } : {}),
      ...(options.description ? { description: options.description } : {}),
      ...(options.tag ? { tags: options.tag } : {}),
      ...(options.exclude ? { exclude: options.exclude } : {}),
      ...(options.provider ? { providers: options.provider } : {}),
      host: settings.host,
      root,
    };
    const record = await withProgress({ client, output, workflowId: ledgerId(subject) }, () =>
      recoveries.checkpoints.create(subject, input),
    );
    output.value(record, () => renderOne(record));
    function renderOne({
      info,
      fileCount,
      totalBytes,
      newBytes,
      durationMs,
      state,
      skipped,
    }: CheckpointRecord): string {
      const partial = skipped > 0 ? output.paint.yellow(` ${skipped} entries could not be captured.`) : '';
      return `${paintStatus(output.paint, state)} ${output.paint.bold(info.id)} of ${info.subject}: ${fileCount} files, ${formatBytes(totalBytes)} (${formatBytes(newBytes)} new) in ${Math.round(durationMs)} ms.${partial}`;
    }
  });
}

function findAll({ checkpoints }: RecoveryClient, options: ListOptions): Promise<CheckpointRecord[]> {
  const limit = parseLimit(options.limit);
  const filter = {
    ...(options.type ? { type: options.type } : {}),
    ...(options.tag ? { tags: options.tag } : {}),
    ...(options.phase ? { phase: options.phase } : {}),
    ...(options.agent ? { agent: options.agent } : {}),
    ...(options.valid ? { valid: true } : {}),
    limit,
  };
  return options.subject ? checkpoints.list(options.subject, filter) : checkpoints.listAll(filter);
}

export async function listCheckpoints(options: ListOptions, command: Command): Promise<void> {
  const context = await openContext(command);
  const { output } = context;
  await withClient(context, async (recoveries) => {
    const records = await findAll(recoveries, options);
    output.list(records, () => renderCheckpoints(output.paint, records));
  });
}

export function addListOptions(command: Command): Command {
  return command
    .option('--subject <kind/name>', 'only of this subject')
    .addOption(new Option('--type <type...>', 'only of these types').choices(CHECKPOINT_TYPES))
    .option('--tag <tag...>', 'with any of these tags')
    .option('--phase <name>', 'of this phase')
    .option('--agent <name>', 'of this agent')
    .option('--valid', 'only those that can be restored')
    .option('--limit <n>', 'at most so many', '50');
}

async function show(target: string, options: { subject?: string }, command: Command): Promise<void> {
  const context = await openContext(command);
  const { output } = context;
  await withClient(context, async (recoveries) => {
    const record = await findCheckpoint(recoveries, target, options.subject);
    output.value(record, () => renderCheckpoint(output.paint, record));
  });
}

async function verify(
  target: string,
  options: { subject?: string; level: 'quick' | 'full' },
  command: Command,
): Promise<void> {
  const context = await openContext(command);
  const { output } = context;
  await withClient(context, async (recoveries) => {
    const { subject, id } = (await findCheckpoint(recoveries, target, options.subject)).info;
    const record = await recoveries.checkpoints.verify(subject, id, options.level);
    output.value(
      record,
      () =>
        `${paintStatus(output.paint, record.state)} ${id}${record.stateReason ? `: ${record.stateReason}` : `, verified ${options.level}`}`,
    );
    if (record.state === 'corrupt') process.exitCode = 4;
  });
}

export function addCheckpointCommands(program: Command): void {
  const checkpoint = program.command('checkpoint').description('Make and look at checkpoints.');
  checkpoint
    .command('create')
    .description('This command will save a directory as it is now: every file, mode, link and the state of git.')
    .option('--root <directory>', 'what to save', '.')
    .option('--subject <kind/name>', 'whose checkpoint it is; default: workspace/<directory>')
    .option('--name <name>', 'a name for people')
    .addOption(new Option('--type <type>', 'kind of checkpoint').choices(CHECKPOINT_TYPES).default('manual'))
    .option('--phase <name>', 'of which phase; a restore can go back to phase:<name>')
    .option('--description <text>', 'what it is for')
    .option('--tag <tag...>', 'tags; clean-up can keep them')
    .option('--exclude <pattern...>', 'not captured, besides .git and node_modules')
    .option('--provider <name...>', 'databases and the like that go along, as providersFile names them')
    .option('--dry-run', 'only say what it would save')
    .addHelpText('after', '\nExample:\n  $ rerail checkpoint create --root . --name "before the upgrade" --tag keep')
    .action(create);
  addListOptions(checkpoint.command('list').description('This command will list checkpoints, newest first.'))
    .addHelpText('after', '\nExample:\n  $ rerail checkpoint list --subject run/release/1 --valid')
    .action(listCheckpoints);
  checkpoint
    .command('show <checkpoint>')
    .description('This command will show the record of a checkpoint: by its id, or latest, previous, phase:<name>.')
    .option('--subject <kind/name>', 'where to look; default: everywhere for an id')
    .addHelpText('after', '\nExample:\n  $ rerail checkpoint show latest --subject workspace/shop')
    .action(show);
  checkpoint
    .command('verify <checkpoint>')
    .description('This command will read a checkpoint back from the store and compare every digest.')
    .option('--subject <kind/name>', 'where to look; default: everywhere for an id')
    .addOption(new Option('--level <level>', 'how deep').choices(['quick', 'full']).default('full'))
    .addHelpText('after', '\nExample:\n  $ rerail checkpoint verify cp_01JD8Z6T0Q4W5E6R7T8Y9ZABCD --level full')
    .action(verify);
  addStoreCommands(checkpoint);
}
