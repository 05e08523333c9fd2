import { Option, type Command } from 'commander';
import type { StoreCareReport } from '../../domain/store-care.ts';
import { storeCareId } from '../../domain/wire-names.ts';
import { openContext, withClient } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import type { Paint } from '../output/output.ts';
import { formatBytes } from '../output/render.ts';
import { withProgress } from '../progress.ts';
import { confirm } from '../prompt.ts';

const SHOWN = 60;

async function diff(from: string, to: string, options: { subject?: string }, command: Command): Promise<void> {
  const context = await openContext(command);
  const { output } = context;
  await withClient(context, async ({ checkpoints }) => {
    const { info } = await checkpoints.get(from, options.subject);
    const found = await checkpoints.diff(info.subject, from, to);
    output.value(found, () =>
      [
        `${found.changesTotal} changes, ${found.unchanged} entries unchanged`,
        ...found.changes
          .slice(0, SHOWN)
          .map(({ change, type, path }) => `  ${change.padEnd(9)} ${type.padEnd(8)} ${path}`),
        ...(found.changesTotal > SHOWN ? [`  … and ${found.changesTotal - SHOWN} more`] : []),
        ...found.parts.map(({ part, change }) => `  ${change.padEnd(9)} part     ${part}`),
      ].join('\n'),
    );
  });
}

async function invalidate(
  id: string,
  options: { subject?: string; reason: string; dryRun?: boolean },
  command: Command,
): Promise<void> {
  const context = await openContext(command);
  await withClient(context, async ({ checkpoints }) => {
    const { info } = await checkpoints.get(id, options.subject);
    if (options.dryRun) {
      return context.output.value(
        { id, subject: info.subject, dryRun: true },
        () => `would invalidate ${id} of ${info.subject}, "${info.name}"`,
      );
    }
    const record = await checkpoints.invalidate(info.subject, id, options.reason);
    context.output.value(record, () => `${id} is invalidated: ${options.reason}`);
  });
}

async function remove(
  id: string,
  options: { subject?: string; dryRun?: boolean; yes?: boolean },
  command: Command,
): Promise<void> {
  const context = await openContext(command);
  const { output } = context;
  await withClient(context, async ({ checkpoints }) => {
    const record = await checkpoints.get(id, options.subject);
    const { subject, name } = record.info;
    if (options.dryRun) return output.value(record, () => `would delete ${id} of ${subject}, "${name}"`);
    await confirm(output, {
      yes: options.yes,
      what: `${id} of ${subject}, "${name}", would be deleted`,
      remedy: 'Confirm it with --yes; a deleted checkpoint cannot be brought back.',
    });
    const { freedBytes } = await checkpoints.delete(subject, id);
    const replicaKept = record.replica?.key;
    output.value({ id, freedBytes, ...(replicaKept === undefined ? {} : { replicaKept }) }, () =>
      [
        `deleted ${id}, ${formatBytes(freedBytes)} freed`,
        ...(replicaKept === undefined ? [] : [`its copy ${replicaKept} stays in the bucket: remove it there`]),
      ].join('\n'),
    );
  });
}

function renderCare(paint: Paint, report: StoreCareReport): string {
  const { problems, quarantined, corrupt, healed, missing, adopted, removed, failures, usage, freedBytes } = report;
  const sign = corrupt.length + missing.length + failures.length > 0 ? paint.yellow('●') : paint.green('✔');
  const list = (what: string, items: readonly string[]): string[] =>
    items.length === 0 ? [] : [`${what}:`, ...items.slice(0, SHOWN).map((item) => `  ${item}`)];
  return [
    `${sign} ${usage.checkpoints} checkpoints in ${formatBytes(usage.bytes)}, ${formatBytes(usage.freeBytes)} free on the disk, ${formatBytes(freedBytes)} freed`,
    ...list(
      'found damaged',
      problems.map(({ checkpointId, item, problem }) => `${checkpointId} ${item}: ${problem}`),
    ),
    ...list(
      'quarantined',
      quarantined.map(({ name, lostObjects }) => `${name}, ${lostObjects ?? 'unknown'} objects lost`),
    ),
    ...list('whole again', healed),
    ...list('corrupt', corrupt),
    ...list('missing in the store', missing),
    ...list('taken into a ledger', adopted),
    ...list(
      'removed',
      removed.flatMap(({ subject, ids }) => ids.map((id) => `${id} of ${subject}`)),
    ),
    ...list('could not be done', failures),
  ].join('\n');
}

async function care(options: { host?: string; cleanup?: boolean; dryRun?: boolean }, command: Command): Promise<void> {
  const context = await openContext(command);
  const { output, settings } = context;
  const host = options.host ?? settings.host;
  const cleanup = options.cleanup ?? false;
  if (options.dryRun) {
    const what = `the store of ${host} would be read, and what is damaged taken out of use`;
    const more = cleanup ? '; old checkpoints would be removed: rerail cleanup --dry-run says which' : '';
    return output.value({ host, workflowId: storeCareId(host), cleanup, dryRun: true }, () => what + more);
  }
  await withClient(context, async ({ storeCare }, client) => {
    const report = await withProgress({ client, output, workflowId: storeCareId(host) }, () =>
      storeCare.run({ host, ...(cleanup ? {} : { retention: null }) }),
    );
    output.value(report, () => renderCare(output.paint, report));
    if (report.corrupt.length + report.missing.length > 0) process.exitCode = EXIT.invalid;
  });
}

async function schedule(
  when: 'daily' | 'off',
  options: { host?: string; dryRun?: boolean },
  command: Command,
): Promise<void> {
  const context = await openContext(command);
  const host = options.host ?? context.settings.host;
  if (options.dryRun) {
    return context.output.value(
      { host, schedule: storeCareId(host), when, dryRun: true },
      () => `schedule ${storeCareId(host)} would be ${when === 'daily' ? 'on, every night' : 'off'}`,
    );
  }
  await withClient(context, async ({ storeCare }) => {
    const done = when === 'daily' ? await storeCare.schedule(host) : await storeCare.unschedule(host);
    context.output.value({ host, schedule: storeCareId(host), done }, () => `schedule ${storeCareId(host)}: ${done}`);
  });
}

export function addStoreCommands(checkpoint: Command): void {
  const where = ['--subject <kind/name>', 'where to look; default: everywhere'] as const;
  checkpoint
    .command('diff <from> <to>')
    .description('This command will say what one would have to change to get from one checkpoint to another.')
    .option(...where)
    .addHelpText(
      'after',
      '\nExample:\n  $ rerail checkpoint diff cp_01JD8Z6T0Q4W5E6R7T8Y9ZABCD cp_01JD9A0B1C2D3E4F5G6H7J8KMN',
    )
    .action(diff);
  checkpoint
    .command('invalidate <checkpoint>')
    .description('This command will keep a checkpoint from being restored, and keep it for the record.')
    .option(...where)
    .requiredOption('--reason <text>', 'why')
    .option('--dry-run', 'only say which')
    .addHelpText(
      'after',
      '\nExample:\n  $ rerail checkpoint invalidate cp_01JD8Z6T0Q4W5E6R7T8Y9ZABCD --reason "taken mid-migration"',
    )
    .action(invalidate);
  checkpoint
    .command('delete <checkpoint>')
    .description('This command will delete a checkpoint and free what no other one needs.')
    .option(...where)
    .option('--dry-run', 'only say which')
    .option('--yes', 'do it')
    .addHelpText('after', '\nExample:\n  $ rerail checkpoint delete cp_01JD8Z6T0Q4W5E6R7T8Y9ZABCD --yes')
    .action(remove);
  checkpoint
    .command('repair')
    .description(
      'This command will read the whole store, take damaged files out of use, save what is good of them, and tell the\nledgers what is lost, missing, whole again or unknown to them.',
    )
    .option('--host <name>', 'whose store; default: this host')
    .option('--cleanup', 'remove old checkpoints too, as every night')
    .option('--dry-run', 'only say what would be done')
    .addHelpText('after', '\nExample:\n  $ rerail checkpoint repair')
    .action(care);
  checkpoint
    .command('schedule')
    .description('This command will have the store looked after every night, or no longer.')
    .addOption(new Option('--when <when>', 'how often').choices(['daily', 'off']).default('daily'))
    .option('--host <name>', 'whose store; default: this host')
    .option('--dry-run', 'only say what would be done')
    .addHelpText('after', '\nExample:\n  $ rerail checkpoint schedule --when daily')
    .action((options: { when: 'daily' | 'off'; host?: string; dryRun?: boolean }, command: Command) =>
      schedule(options.when, options, command),
    );
}
