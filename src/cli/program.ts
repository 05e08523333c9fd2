import { Command } from 'commander';
import { readFileSync } from 'node:fs';
import { addGlobalOptions } from './context.ts';
import { addArtifactCommands } from './commands/artifact.ts';
import { addCheckpointCommands } from './commands/checkpoint.ts';
import { addConfigCommands } from './commands/config.ts';
import { addDemoCommand } from './commands/demo.ts';
import { addDoctorCommand } from './commands/doctor.ts';
import { addPlanCommand } from './commands/plan.ts';
import { addRecoverCommand } from './commands/recover.ts';
import { addRecoveryCommands } from './commands/recovery.ts';
import { addRunCommand } from './commands/run.ts';
import { addUpCommands } from './commands/up.ts';
import { addWorkspaceCommands } from './commands/workspace.ts';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

function throwInsteadOfExit(command: Command): void {
  command.exitOverride();
  for (const child of command.commands) throwInsteadOfExit(child);
}

/** The whole command tree; the reference is generated from it. */
export function createProgram(): Command {
  const program = new Command('rerail')
    .description('Puts a derailed run back on the rails: classify, plan, approve, act with undo, verify, report.')
    .version(version)
    .showHelpAfterError('(add --help for the options and an example)')
    .showSuggestionAfterError();
  addGlobalOptions(program);
  addUpCommands(program);
  addRunCommand(program);
  addRecoverCommand(program);
  addPlanCommand(program);
  addRecoveryCommands(program);
  addCheckpointCommands(program);
  addArtifactCommands(program);
  addWorkspaceCommands(program);
  addDoctorCommand(program);
  addConfigCommands(program);
  addDemoCommand(program);
  throwInsteadOfExit(program);
  return program;
}
