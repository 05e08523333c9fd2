import path from 'node:path';
import { Option, type Command } from 'commander';
import type { RecoveryClient } from '../../client/recovery-client.ts';
import { CHECKPOINT_PARTS, type CheckpointPart, type CheckpointRecord } from '../../domain/checkpoint.ts';
import { DurationSchema } from '../../domain/duration.schema.ts';
import type { Duration } from '../../domain/duration.ts';
import { RerailError } from '../../domain/errors.ts';
import { requireRestorable, selectionOf } from '../../domain/restore-selection.ts';
import type { RestoreOptions, RestoreResult, RestoreScope } from '../../domain/rollback.ts';
import { ledgerId } from '../../domain/wire-names.ts';
import { findCheckpoint } from '../find-checkpoint.ts';
import { openContext, withClient } from '../context.ts';
import type { Paint } from '../output/output.ts';
import { withProgress } from '../progress.ts';
import { confirm } from '../prompt.ts';
import { addByOption } from '../signed-options.ts';

interface RestoreCliOptions {
  subject?: string;
  parts?: CheckpointPart[];
  path?: string[];
  key?: string[];
  agentState?: string[];
  artifact?: string[];
  git?: boolean;
  provider?: string[];
  skipLost?: boolean;
  diff?: boolean;
  backup?: boolean;
  host?: string;
  root?: string;
  dryRun?: boolean;
  yes?: boolean;
  force?: boolean;
  timeout?: string;
  planHash?: string;
  by: string;
}

const SHOWN_CHANGES = 40;

function renderChanges(paint: Paint, result: RestoreResult): string {
  const { changes, changesTotal, unchanged, git } = result.plan;
  const rows = changes
    .slice(0, SHOWN_CHANGES)
    .map(({ change, type, path: name }) => `  ${change.padEnd(9)} ${type.padEnd(8)} ${name}`);
  const more = changesTotal > SHOWN_CHANGES ? [`  … and ${changesTotal - SHOWN_CHANGES} more`] : [];
  const place = (at: NonNullable<typeof git>['to'] | null) =>
    at === null
      ? 'no repository'
      : `${at.branch ?? 'detached'} at ${at.head?.slice(0, 12) ?? 'no commit'}, ${at.stash} stashed`;
  const lost = result.lost.map((item) => `  ${paint.red('lost')}      ${item}`);
  return [
    `${changesTotal} changes in ${result.plan.root}, ${unchanged} entries unchanged, plan ${result.plan.hash.slice(0, 12)}`,
    ...rows,
    ...more,
    ...(git ? [`  git       ${place(git.from)} → ${place(git.to)}`] : []),
    ...(result.plan.artifacts ?? []).map(
      ({ name, from, to, unsaved }) =>
        `  artifact  ${name}: ${from} → ${to}${unsaved ? `, what is there is saved as ${from}` : ''}`,
    ),
    ...(result.plan.system ?? []).map(({ provider, item, change }) => `  ${provider}: ${item}, ${change}`),
    ...lost,
    ...changes.flatMap(({ diff }) => (diff === undefined ? [] : ['', diff])),
  ].join('\n');
}

function scopeOf({ path: paths, key, agentState, artifact, provider }: RestoreCliOptions): RestoreScope | undefined {
  const scope: RestoreScope = {
    ...(paths ? { files: paths } : {}),
    ...(key ? { context: key } : {}),
    ...(agentState ? { agentStates: agentState } : {}),
    ...(artifact ? { artifacts: artifact } : {}),
    ...(provider ? { system: provider } : {}),
  };
  return Object.keys(scope).length === 0 ? undefined : scope;
}

function requireDuration(text: string): Duration {
  const parsed = DurationSchema.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new RerailError('invalid-input', `--timeout: ${parsed.error.issues[0]?.message ?? text}`, {
    remedy: 'Write for example --timeout 60s.',
  });
}

async function restoreRecord(
  choose: (recoveries: RecoveryClient) => Promise<CheckpointRecord>,
  options: RestoreCliOptions,
  command: Command,
): Promise<void> {
  const context = await openContext(command);
  const { output } = context;
  await withClient(context, async (recoveries, client) => {
    const { checkpoints } = recoveries;
    const record = await choose(recoveries);
    requireRestorable(record, options);
    const { id, subject } = record.info;
    const elsewhere = {
      ...(options.host ? { host: options.host } : {}),
      ...(options.root ? { root: path.resolve(options.root) } : {}),
    };
    const common: Partial<RestoreOptions> = {
      ...selectionOf({ parts: options.parts, scope: scopeOf(options), git: options.git }, record),
      ...(options.force ? { force: true } : {}),
      ...(options.skipLost ? { skipLost: true } : {}),
      ...(options.timeout ? { timeout: requireDuration(options.timeout) } : {}),
    };
    const run = (more: Partial<RestoreOptions>) =>
      withProgress({ client, output, workflowId: ledgerId(subject) }, () =>
        checkpoints.restore(subject, id, options.by, { ...common, ...more }, elsewhere),
      );
    const preview = await run({ dryRun: true, ...(options.diff ? { diff: true } : {}) });
    if (options.dryRun) return output.value(preview, () => renderChanges(output.paint, preview));
    if (!options.yes) output.info(renderChanges(output.paint, preview));
    await confirm(output, {
      yes: options.yes,
      what: `${preview.plan.changesTotal} changes in ${preview.plan.root} would be made`,
      remedy: `Confirm it with --yes --plan-hash ${preview.plan.hash.slice(0, 12)}; what is there now is backed up first.`,
    });
    if (options.planHash && !preview.plan.hash.startsWith(options.planHash)) {
      throw new RerailError(
        'plan-hash-mismatch',
        `the restore would now do something else than plan ${options.planHash}`,
        { remedy: 'Look again with --dry-run.' },
      );
    }
    const result = await run({
      planHash: preview.plan.hash,
      ...(options.backup === false ? { createBackup: false } : {}),
    });
    const undo = result.backupId ? ` Undo: rerail undo --subject ${subject} --yes` : '';
    output.value(result, () =>
      [
        renderChanges(output.paint, result),
        `${output.paint.green('✔')} restored and verified: ${result.verified.files} files.${undo}`,
      ].join('\n'),
    );
  });
}

const restore = (target: string, options: RestoreCliOptions, command: Command): Promise<void> =>
  restoreRecord((recoveries) => findCheckpoint(recoveries, target, options.subject), options, command);

const undo = (options: RestoreCliOptions & { subject: string }, command: Command): Promise<void> =>
  restoreRecord(({ checkpoints }) => checkpoints.lastBackup(options.subject), options, command);

function addDecisionOptions(command: Command): Command {
  return addByOption(command)
    .option('--git', 'the repository too: head, branch, index and stash')
    .option('--dry-run', 'only say what would change')
    .option('--diff', 'with --dry-run: the lines that would change')
    .option('--plan-hash <hash>', 'refuse when it would do anything else than this dry run')
    .option('--force', 'also when git has moved or the checkpoint is invalidated')
    .option('--timeout <duration>', 'give up, with nothing changed, when it takes longer to prepare')
    .option('--yes', 'do it');
}

export function addRestoreCommands(program: Command): void {
  addDecisionOptions(
    program
      .command('restore <checkpoint>')
      .description(
        'This command will put a directory back as a checkpoint has it, after a backup of what is there.\nThe checkpoint is an id, or with --subject: latest, previous, phase:<name or number>.',
      )
      .option('--subject <kind/name>', 'whose checkpoint; for an id default: everywhere')
      .addOption(new Option('--parts <part...>', 'only these parts').choices(CHECKPOINT_PARTS))
      .option('--path <path...>', 'only these files, directories and globs below the root')
      .option('--key <key...>', 'only these keys of the context')
      .option('--agent-state <name...>', 'only the states of these agents')
      .option('--artifact <id...>', 'only these artifacts')
      .option('--provider <name...>', 'the state of these databases and the like')
      .option('--skip-lost', 'leave out what the store has lost instead of refusing')
      .option('--host <name>', 'on another host, from the replica')
      .option('--root <directory>', 'to another directory than it was captured from')
      .option('--no-backup', 'without a backup: there is no undo then'),
  )
    .addHelpText('after', '\nExample:\n  $ rerail restore latest --subject workspace/shop --path src --dry-run --diff')
    .action(restore);
  addDecisionOptions(
    program
      .command('undo')
      .description('This command will take the last restore of a subject back; once more, it takes the undo back.')
      .requiredOption('--subject <kind/name>', 'whose restore'),
  )
    .addHelpText('after', '\nExample:\n  $ rerail undo --subject workspace/shop --yes')
    .action(undo);
}
