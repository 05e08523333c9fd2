import { Option, type Command } from 'commander';
import { stringify } from 'yaml';
import { openContext } from '../context.ts';

const ROLES = ['viewer', 'operator', 'approver', 'admin'] as const;

interface TokenOptions {
  role: (typeof ROLES)[number][];
  team?: string[];
}

/** Tokens of the HTTP API. Nothing is written: who keeps the file decides what goes in. */
export function addTokenCommands(program: Command): void {
  program
    .command('token')
    .description('Make tokens for the HTTP API.')
    .command('create <name>')
    .description('This command will make a token, print it once, and print the entry for the file of apiTokensFile.')
    .addOption(new Option('--role <role...>', 'what it may do').choices(ROLES).makeOptionMandatory())
    .option('--team <name...>', 'roles that approvals of playbooks ask for, such as sre')
    .addHelpText('after', '\nExample:\n  $ rerail token create ada --role operator approver --team sre')
    .action(async (name: string, { role, team }: TokenOptions, command: Command) => {
      const { output } = await openContext(command);
      const { createToken } = await import('../../api/auth/token-file.ts');
      const made = createToken({ name, roles: role, ...(team ? { teams: team } : {}) });
      output.value(made, () =>
        [
          `The token, which is shown only now:\n\n  ${made.token}\n`,
          `Its entry for the file that the setting apiTokensFile names:\n\n${stringify([made.entry])}`,
        ].join('\n'),
      );
    });
}

export function addAuditCommands(program: Command): void {
  program
    .command('audit')
    .description('Check what was changed through the HTTP API.')
    .command('verify')
    .description(
      'This command will check every line of the audit against the one before, and name the first wrong one.',
    )
    .addHelpText('after', '\nExample:\n  $ rerail audit verify')
    .action(async (_options: object, command: Command) => {
      const { output, settings } = await openContext(command);
      const { auditFolder } = await import('../../api/audit/audit-folder.ts');
      const { verifyAudit } = await import('../../api/audit/verify-audit.ts');
      const verdict = await verifyAudit(auditFolder(settings.dataDir));
      const { files, entries, torn, lastHash } = verdict;
      output.value(verdict, () =>
        [
          `The audit is whole: ${entries} entries in ${files} files, last hash ${lastHash ?? 'none'}.`,
          ...torn.map((file) => `The last line of ${file} was cut off by a crash.`),
        ].join('\n'),
      );
    });
}
