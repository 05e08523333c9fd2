import type { Command } from 'commander';
import { DurationSchema } from '../../domain/duration.schema.ts';
import { toMs } from '../../domain/duration.ts';
import { parseInput } from '../../domain/parse-input.ts';
import { openContext, withClient } from '../context.ts';
import { renderService, renderServices } from '../output/render-service.ts';
import { addSignedOptions, signed, type SignedOptions } from '../signed-options.ts';

async function list(_options: object, command: Command): Promise<void> {
  const context = await openContext(command);
  const { output } = context;
  await withClient(context, async ({ services }) => {
    const found = await services.list();
    output.list(found, () => renderServices(output.paint, found));
  });
}

async function show(name: string, _options: object, command: Command): Promise<void> {
  const context = await openContext(command);
  const { output } = context;
  await withClient(context, async ({ services }) => {
    const found = await services.status(name);
    output.value(found, () => renderService(output.paint, found));
  });
}

interface ChangeOptions extends SignedOptions {
  dryRun?: boolean;
  for?: string;
}

async function degrade(name: string, options: ChangeOptions, command: Command): Promise<void> {
  const context = await openContext(command);
  const { output } = context;
  const lasts = options.for === undefined ? undefined : toMs(parseInput(DurationSchema, options.for, '--for'));
  const until = lasts === undefined ? {} : { until: new Date(Date.now() + lasts).toISOString() };
  const given = { ...(await signed(options, output)), ...until };
  if (options.dryRun)
    return output.value({ name, degraded: true, ...given, dryRun: true }, () => `${name} would be degraded`);
  await withClient(context, async ({ services }) => {
    const after = await services.degrade(name, given);
    output.value(after, () => renderService(output.paint, after));
  });
}

async function restore(name: string, options: ChangeOptions, command: Command): Promise<void> {
  const context = await openContext(command);
  const { output } = context;
  const given = await signed(options, output);
  await withClient(context, async ({ services }) => {
    if (options.dryRun) {
      const { degraded } = await services.status(name);
      const would = { name, from: degraded ? 'degraded' : 'normal', to: 'normal', ...given, dryRun: true };
      return output.value(would, () => `${name} would go from ${would.from} to normal`);
    }
    const after = await services.restore(name, given);
    output.value(after, () => renderService(output.paint, after));
  });
}

export function addServiceCommands(program: Command): void {
  const service = program
    .command('service')
    .description('Look at what the clients of services are told, and tell them.');
  service
    .command('list')
    .description('This command will list services of which anything was ever said.')
    .addHelpText('after', '\nExample:\n  $ rerail service list')
    .action(list);
  service
    .command('show <name>')
    .description('This command will show a service: degraded or not, its rate and traffic, held operations, changes.')
    .addHelpText('after', '\nExample:\n  $ rerail service show orders-db')
    .action(show);
  addSignedOptions(service.command('degrade <name>'))
    .description('This command will tell the clients of a service to go on with less, until it is restored.')
    .option('--for <duration>', 'when it ends by itself')
    .option('--dry-run', 'only say what would change')
    .addHelpText('after', '\nExample:\n  $ rerail service degrade orders-db --for 30m --reason "moving the database"')
    .action(degrade);
  addSignedOptions(service.command('restore <name>'))
    .description('This command will end every degradation and limit of a service.')
    .option('--dry-run', 'only say what would change')
    .addHelpText('after', '\nExample:\n  $ rerail service restore orders-db --reason "the database is back"')
    .action(restore);
}
