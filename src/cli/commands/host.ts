import type { Command } from 'commander';
import { openContext, withClient } from '../context.ts';
import { renderHost, renderHosts } from '../output/render-host.ts';
import { confirm } from '../prompt.ts';
import { addByOption } from '../signed-options.ts';

interface Flags {
  by: string;
  reason: string;
  dryRun?: boolean;
  yes?: boolean;
}

async function list(_options: object, command: Command): Promise<void> {
  const context = await openContext(command);
  const { output } = context;
  await withClient(context, async ({ hosts }) => {
    const found = await hosts.list();
    output.list(found, () => renderHosts(output.paint, found));
  });
}

async function show(name: string, _options: object, command: Command): Promise<void> {
  const context = await openContext(command);
  const { output } = context;
  await withClient(context, async ({ hosts }) => {
    const found = await hosts.show(name);
    output.value(found, () => renderHost(output.paint, found));
  });
}

async function forget(name: string, flags: { dryRun?: boolean; yes?: boolean }, command: Command): Promise<void> {
  const context = await openContext(command);
  const { output } = context;
  await withClient(context, async ({ hosts }) => {
    const found = await hosts.show(name);
    const lost = found.subjects.filter(({ replicated }) => !replicated).map(({ subject }) => subject);
    const what = `${name} (${found.state}) would be forgotten${lost.length > 0 ? `; without a copy elsewhere: ${lost.join(', ')}` : ''}`;
    if (flags.dryRun) return output.value({ dryRun: true, ...found }, () => what);
    await confirm(output, { yes: flags.yes, what });
    const forgotten = await hosts.forget(name);
    output.value(forgotten, () => `${name} is forgotten; its ledgers stay`);
  });
}

const change =
  (what: 'drain' | 'undrain') =>
  async (name: string, flags: Flags, command: Command): Promise<void> => {
    const context = await openContext(command);
    const { output } = context;
    await withClient(context, async ({ hosts }) => {
      const found = await hosts.find(name);
      const words = what === 'drain' ? 'begins no new work; what runs there ends' : 'takes work again';
      if (flags.dryRun) return output.value({ dryRun: true, ...found }, () => `${name} (${found.state}) then ${words}`);
      if (what === 'undrain' && found.failedOver) {
        const { to, at } = found.failedOver;
        const both = `${to} has taken over what ${name} had (${at}): two hosts working on one thing would damage it`;
        await confirm(output, {
          yes: flags.yes,
          what: both,
          remedy: 'Stop it on one of them, then repeat with --yes.',
        });
      }
      const { by, reason } = flags;
      const changed = await hosts[what](name, { by, reason });
      output.value(changed, () => `${name} ${words}`);
    });
  };

export function addHostCommands(program: Command): void {
  const host = program.command('host').description('Look at the hosts that workers run on, and take them out of work.');
  host
    .command('list')
    .description('This command will list hosts and when their workers were seen last.')
    .addHelpText('after', '\nExample:\n  $ rerail host list')
    .action(list);
  host
    .command('show <host>')
    .description('This command will show a host, and whose checkpoints it has.')
    .addHelpText('after', '\nExample:\n  $ rerail host show build-1')
    .action(show);
  addByOption(host.command('drain <host>'))
    .description(
      'This command will have a host begin no new captures, restores, recoveries, processes and runs; what runs ends.',
    )
    .requiredOption('--reason <text>', 'why; kept with the host')
    .option('--dry-run', 'only say how it is')
    .addHelpText('after', '\nExample:\n  $ rerail host drain build-1 --reason "the disk is replaced"')
    .action(change('drain'));
  addByOption(host.command('undrain <host>'))
    .description('This command will have a host take work again, also after another one has taken over.')
    .requiredOption('--reason <text>', 'why; kept with the host')
    .option('--dry-run', 'only say how it is')
    .option('--yes', 'do not ask, where another host has taken over')
    .addHelpText('after', '\nExample:\n  $ rerail host undrain build-1 --reason "it has a new disk"')
    .action(change('undrain'));
  host
    .command('forget <host>')
    .description('This command will take a host that is gone for good out of the list, with the care of its store.')
    .option('--dry-run', 'only say what it has')
    .option('--yes', 'do not ask')
    .addHelpText('after', '\nExample:\n  $ rerail host forget build-1 --yes')
    .action(forget);
}
