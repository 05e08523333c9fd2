import type { Command } from 'commander';
import { SETTING_NAMES } from '../../config/settings.ts';
import { openContext } from '../context.ts';
import { renderTable } from '../output/table.ts';

export function addConfigCommands(program: Command): void {
  program
    .command('config')
    .description('Look at the settings.')
    .command('show')
    .description('This command will show every setting and where its value comes from.')
    .addHelpText('after', '\nExample:\n  $ rerail config show')
    .action(async (_options: object, command: Command) => {
      const { output, loaded } = await openContext(command);
      const { settings, sources } = loaded;
      const rows = SETTING_NAMES.map((name) => ({
        name,
        value: settings[name] ?? null,
        source: sources[name]?.name ?? 'not set',
      }));
      output.value(rows, () =>
        renderTable(
          output.paint,
          ['setting', 'value', 'source'],
          rows.map(({ name, value, source }) => [
            name,
            value === null ? '-' : Array.isArray(value) ? value.join(', ') || '-' : String(value),
            source,
          ]),
        ),
      );
    });
}
