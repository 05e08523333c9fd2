import path from 'node:path';
import type { Command } from 'commander';
import { DurationSchema } from '../../domain/duration.schema.ts';
import { RerailError } from '../../domain/errors.ts';
import { openContext, withClient } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { formatBytes } from '../output/render.ts';
import { renderTable } from '../output/table.ts';
import { addListOptions, listCheckpoints } from './checkpoint.ts';
import { addRestoreCommands } from './restore.ts';

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
  const { cleanCaches } = await import('../../activities/system.ts');
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
        `${subject}: ${dryRun ? 'would remove' : 'removed'} ${removed.length} checkpoints (${formatBytes(freedBytes)}), keeps ${kept.length}`,
        ...removed.map((id) => `  ${id}`),
      ]),
      ...(dryRun ? [output.paint.dim('Nothing was changed. Add --yes to do it.')] : []),
    ].join('\n'),
  );
}

async function validate(options: { root: string; file?: string[] }, command: Command): Promise<void> {
  const { validateWorkspace } = await import('./validate-workspace.ts');
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
  addRestoreCommands(program);
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
