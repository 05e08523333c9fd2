import path from 'node:path';
import type { Command } from 'commander';
import type { Artifact } from '../../domain/artifact.ts';
import { openContext, withClient } from '../context.ts';
import { renderArtifacts } from '../output/render-store.ts';
import { formatBytes } from '../output/render.ts';
import { confirm } from '../prompt.ts';

interface Whose {
  subject: string;
  host?: string;
}

async function list({ subject, host }: Whose, command: Command): Promise<void> {
  const context = await openContext(command);
  const { output, settings } = context;
  await withClient(context, async ({ artifacts }) => {
    const found: Artifact[] = await artifacts.list(subject, host ?? settings.host);
    output.list(found, () => renderArtifacts(output.paint, found));
  });
}

async function save(
  file: string,
  options: Whose & { name?: string; type?: string; at?: string; root: string; dryRun?: boolean },
  command: Command,
): Promise<void> {
  const context = await openContext(command);
  const { output, settings } = context;
  const { subject, type, at: version, dryRun } = options;
  const name = options.name ?? path.basename(file);
  if (dryRun) {
    const would = { subject, name, file: path.resolve(file), version: version ?? null, dryRun };
    return output.value(would, () => `${would.file} would be kept as ${name} of ${subject}`);
  }
  await withClient(context, async ({ artifacts }) => {
    const saved = await artifacts.save(subject, {
      host: options.host ?? settings.host,
      workspace: path.resolve(options.root),
      path: path.resolve(file),
      name,
      ...(type ? { type } : {}),
      ...(version ? { version } : {}),
    });
    output.value(saved, () =>
      saved === null ? 'nothing was saved' : `${saved.name} ${saved.version}, ${formatBytes(saved.size)}, is current`,
    );
  });
}

async function get(name: string, options: Whose & { at?: string; to: string }, command: Command): Promise<void> {
  const context = await openContext(command);
  const { output, settings } = context;
  const { subject, at: version, to } = options;
  await withClient(context, async ({ artifacts }) => {
    const host = options.host ?? settings.host;
    const copied = await artifacts.copy(subject, { host, name, to: path.resolve(to), ...(version ? { version } : {}) });
    output.value(copied, () => `${name} ${copied.version}, ${formatBytes(copied.size)}, is in ${copied.to} on ${host}`);
  });
}

type Chosen = Whose & { at: string; yes?: boolean; dryRun?: boolean };

async function activate(name: string, options: Chosen, command: Command): Promise<void> {
  const context = await openContext(command);
  const { output, settings } = context;
  const { subject, at: version, yes, dryRun } = options;
  const what = `${name} of ${subject} would become ${version}`;
  if (dryRun) return output.value({ name, subject, version, dryRun }, () => what);
  await confirm(output, { yes, what });
  await withClient(context, async ({ artifacts }) => {
    const done = await artifacts.activate(subject, { host: options.host ?? settings.host, name, version });
    output.value(done, () => `${name}: ${done.previousVersion} -> ${done.version}`);
  });
}

async function remove(name: string, options: Chosen, command: Command): Promise<void> {
  const context = await openContext(command);
  const { output, settings } = context;
  const { subject, at: version, yes } = options;
  await confirm(output, {
    yes,
    what: `${name} ${version} of ${subject} would be gone, also for the checkpoints that name it`,
  });
  await withClient(context, async ({ artifacts }) => {
    await artifacts.remove(subject, { host: options.host ?? settings.host, name, version });
    output.value({ name, version }, () => `removed ${name} ${version}`);
  });
}

const addWhose = (command: Command): Command =>
  command
    .requiredOption('--subject <kind/name>', 'whose artifacts')
    .option('--host <name>', 'where they are kept; default: this host');

export function addArtifactCommands(program: Command): void {
  const artifact = program.command('artifact').description('Keep artifacts by version, and go back to one.');
  addWhose(artifact.command('list').description('This command will list the artifacts of a subject.'))
    .addHelpText('after', '\nExample:\n  $ rerail artifact list --subject workspace/shop')
    .action(list);
  addWhose(
    artifact
      .command('save <file>')
      .description('This command will keep a file as a version of an artifact, and make it the current one.')
      .option('--name <name>', 'default: the name of the file')
      // `--version` is the program's own.
      .option('--at <version>', 'default: v1, v2, …; unchanged content makes no new one')
      .option('--type <type>', 'a word for people, such as image')
      .option('--root <directory>', 'the workspace that it belongs to', '.')
      .option('--dry-run', 'only say what it would do'),
  )
    .addHelpText('after', '\nExample:\n  $ rerail artifact save dist/app.tgz --subject workspace/shop --name app')
    .action(save);
  addWhose(
    artifact
      .command('get <name>')
      .description('This command will write a version to a file on the host that keeps it.')
      .option('--at <version>', 'default: the current one')
      .requiredOption('--to <file>', 'a file that is not there yet'),
  )
    .addHelpText('after', '\nExample:\n  $ rerail artifact get app --subject workspace/shop --at v1 --to old.tgz')
    .action(get);
  addWhose(
    artifact
      .command('activate <name>')
      .description('This command will make a version current and put its content back in the workspace.')
      .requiredOption('--at <version>', 'which one')
      .option('--dry-run', 'only say what it would do')
      .option('--yes', 'do it'),
  )
    .addHelpText('after', '\nExample:\n  $ rerail artifact activate app --subject workspace/shop --at v1 --yes')
    .action(activate);
  addWhose(
    artifact
      .command('remove <name>')
      .description('This command will remove a version that is not the current one.')
      .requiredOption('--at <version>', 'which one')
      .option('--dry-run', 'only say what it would do')
      .option('--yes', 'do it'),
  )
    .addHelpText('after', '\nExample:\n  $ rerail artifact remove app --subject workspace/shop --at v1 --yes')
    .action(remove);
}
