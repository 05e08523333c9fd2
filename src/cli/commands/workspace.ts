import { userInfo } from 'node:os';
import path from 'node:path';
import { Option, type Command } from 'commander';
import { cleanCaches } from '../../activities/system.ts';
import { CHECKPOINT_PARTS, type CheckpointPart } from '../../domain/checkpoint.ts';
import { DurationSchema } from '../../domain/duration.schema.ts';
import { RerailError } from '../../domain/errors.ts';
import type { RestoreResult } from '../../domain/rollback.ts';
import { openContext, withClient } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { formatBytes } from '../output/render.ts';
import { renderTable } from '../output/table.ts';
import { validateWorkspace } from './validate-workspace.ts';
import { addListOptions, listCheckpoints } from './checkpoint.ts';

interface RestoreCliOptions {
  subject?: string;
  parts?: CheckpointPart[];
  dryRun?: boolean;
  yes?: boolean;
  force?: boolean;
  planHash?: string;
  by: string;
}

const SHOWN_CHANGES = 40;

function renderChanges(result: RestoreResult): string {
  const { changes, changesTotal, unchanged } = result.plan;
  const rows = changes
    .slice(0, SHOWN_CHANGES)
    .map(({ change, type, path: name }) => `  ${change.padEnd(9)} ${type.padEnd(8)} ${name}`);
  const more = changesTotal > SHOWN_CHANGES ? [`  … and ${changesTotal - SHOWN_CHANGES} more`] : [];
  return [
    `${changesTotal} changes in ${result.plan.root}, ${unchanged} entries unchanged, plan ${result.plan.hash.slice(0, 12)}`,
    ...rows,
    ...more,
  ].join('\n');
}

async function restore(id: string, options: RestoreCliOptions, command: Command): Promise<void> {
  const context = await openContext(command);
  const { output } = context;
  await withClient(context, async ({ checkpoints }) => {
    const { info } = await checkpoints.get(id, options.subject);
    const common = { ...(options.parts ? { parts: options.parts } : {}), ...(options.force ? { force: true } : {}) };
    const preview = await checkpoints.restore(info.subject, id, options.by, { ...common, dryRun: true });
    if (options.dryRun) return output.value(preview, () => renderChanges(preview));
    if (!options.yes) {
      output.info(renderChanges(preview));
      throw new RerailError('approval-refused', 'nothing was changed: the restore was not confirmed', {
        remedy: `Confirm it with --yes --plan-hash ${preview.plan.hash.slice(0, 12)}; what is there now is backed up first.`,
      });
    }
    if (options.planHash && !preview.plan.hash.startsWith(options.planHash)) {
      throw new RerailError(
        'plan-hash-mismatch',
        `the restore would now do something else than plan ${options.planHash}`,
        {
          remedy: 'Look again with --dry-run.',
        },
      );
    }
    const result = await checkpoints.restore(info.subject, id, options.by, { ...common, planHash: preview.plan.hash });
    output.value(result, () =>
      [
        renderChanges(result),
        `${output.paint.green('✔')} restored and verified: ${result.verified.files} files. Undo: rerail restore ${result.backupId ?? ''} --yes`,
      ].join('\n'),
    );
  });
}

interface CleanupOptions {
  root: string;
  subject?: string;
  keepLast: string;
  olderThan: string;
  keepTag?: string[];
  pattern?: string[];
  dryRun?: boolean;
  yes?: boolean;
  checkpointsOnly?: boolean;
  cachesOnly?: boolean;
}

async function cleanup(options: CleanupOptions, command: Command): Promise<void> {
  const context = await openContext(command);
  const { output } = context;
  const dryRun = options.dryRun === true || options.yes !== true;
  const olderThan = DurationSchema.safeParse(options.olderThan);
  if (!olderThan.success)
    throw new RerailError('invalid-input', `--older-than: ${olderThan.error.issues[0]?.message ?? ''}`, {
      remedy: 'Write for example --older-than 7d.',
    });
  const keepLast = Number(options.keepLast);
  if (!Number.isInteger(keepLast) || keepLast < 0)
    throw new RerailError('invalid-input', `--keep-last ${options.keepLast} is not a whole number`, {
      remedy: 'Write for example --keep-last 10.',
    });
  const policy = {
    keepLast,
    keepPhaseEndpoints: true,
    olderThan: olderThan.data,
    ...(options.keepTag ? { keepTags: options.keepTag } : {}),
  };
  const caches = options.checkpointsOnly
    ? undefined
    : await cleanCaches({
        workspace: path.resolve(options.root),
        dryRun,
        ...(options.pattern ? { patterns: options.pattern } : {}),
      });
  const ledgers = options.cachesOnly
    ? []
    : await withClient(context, async ({ checkpoints }) => {
        const subjects = options.subject ? [options.subject] : await checkpoints.subjects();
        return Promise.all(
          subjects.map(async (subject) => ({ subject, ...(await checkpoints.cleanup(subject, policy, dryRun)) })),
        );
      });
  output.value({ dryRun, caches: caches ?? null, checkpoints: ledgers }, () =>
    [
      ...(caches
        ? [
            `${dryRun ? 'Would remove' : 'Removed'} ${caches.removed.length} caches, ${formatBytes(caches.freedBytes)}`,
            ...caches.removed.map((name) => `  ${name}`),
          ]
        : []),
      ...ledgers.flatMap(({ subject, removed, kept, freedBytes }) => [
        `${subject}: ${dryRun ? 'would remove' : 'removed'} ${removed.length} checkpoints${dryRun ? '' : ` (${formatBytes(freedBytes)})`}, keeps ${kept.length}`,
        ...removed.map((id) => `  ${id}`),
      ]),
      ...(dryRun ? [output.paint.dim('Nothing was changed. Add --yes to do it.')] : []),
    ].join('\n'),
  );
}

async function validate(options: { root: string; file?: string[] }, command: Command): Promise<void> {
  const { output, settings } = await openContext(command);
  const checks = await validateWorkspace({ root: path.resolve(options.root), files: options.file ?? [], settings });
  const failed = checks.some(({ level }) => level === 'error');
  const paint = { ok: output.paint.green, warning: output.paint.yellow, error: output.paint.red };
  const sign = { ok: '✔ ok', warning: '● warning', error: '✖ error' };
  output.value({ ok: !failed, checks }, () =>
    renderTable(
      output.paint,
      ['level', 'check', 'found', 'remedy'],
      checks.map(({ name, level, found, remedy }) => [paint[level](sign[level]), name, found, remedy ?? '']),
    ),
  );
  if (failed) process.exitCode = EXIT.invalid;
}

export function addWorkspaceCommands(program: Command): void {
  addListOptions(program.command('list').description('This command will list checkpoints, newest first.'))
    .addHelpText('after', '\nExample:\n  $ rerail list --valid')
    .action(listCheckpoints);
  program
    .command('restore <checkpoint>')
    .description('This command will put a directory back as a checkpoint has it, after a backup of what is there.')
    .option('--subject <kind/name>', 'where to look; default: everywhere')
    .addOption(new Option('--parts <part...>', 'only these parts').choices(CHECKPOINT_PARTS))
    .option('--dry-run', 'only say what would change')
    .option('--plan-hash <hash>', 'refuse when it would do anything else than this dry run')
    .option('--force', 'also when git has moved or the checkpoint is invalidated')
    .option('--yes', 'do it')
    .option('--by <name>', 'who asks', userInfo().username)
    .addHelpText('after', '\nExample:\n  $ rerail restore cp_01JD8Z6T0Q4W5E6R7T8Y9ZABCD --dry-run')
    .action(restore);
  program
    .command('validate')
    .description(
      'This command will check that a workspace is fit to run: files, git, dependencies, settings, checkpoints.',
    )
    .option('--root <directory>', 'the workspace', '.')
    .option('--file <path...>', 'files that have to exist, besides package.json')
    .addHelpText('after', '\nExample:\n  $ rerail validate --root .')
    .action(validate);
  program
    .command('cleanup')
    .description(
      'This command will remove caches of failed runs and old checkpoints; without --yes it only says which.',
    )
    .option('--root <directory>', 'the workspace', '.')
    .option('--subject <kind/name>', 'only checkpoints of this subject')
    .option('--keep-last <n>', 'checkpoints that stay in any case', '10')
    .option('--older-than <duration>', 'only checkpoints older than this', '7d')
    .option('--keep-tag <tag...>', 'checkpoints with these tags stay')
    .option('--pattern <glob...>', 'caches to remove instead of the built-in list')
    .option('--caches-only', 'leave the checkpoints, needs no server')
    .option('--checkpoints-only', 'leave the caches')
    .option('--dry-run', 'only say what would go')
    .option('--yes', 'do it')
    .addHelpText('after', '\nExample:\n  $ rerail cleanup --older-than 7d --dry-run')
    .action(cleanup);
}
