import { Command } from 'commander';
import { addGlobalOptions } from './context.ts';
import { addAuditCommands, addTokenCommands } from './commands/access.ts';
import { addActivityCommands } from './commands/activity.ts';
import { addArtifactCommands } from './commands/artifact.ts';
import { addAutomationCommands } from './commands/automation.ts';
import { addStatsCommand } from './commands/stats.ts';
import { addBreakerCommands } from './commands/breaker.ts';
import { addBulkCommands } from './commands/bulk.ts';
import { addCheckpointCommands } from './commands/checkpoint.ts';
import { addCompletionCommands } from './commands/completion.ts';
import { addConfigCommands } from './commands/config.ts';
import { addDemoCommand } from './commands/demo.ts';
import { addDoctorCommand } from './commands/doctor.ts';
import { addEncryptionCommands } from './commands/encryption.ts';
import { addExecutionCommands } from './commands/execution.ts';
import { addMonitorCommands } from './commands/monitor.ts';
import { addPlanCommand } from './commands/plan.ts';
import { addPlaybookCommands } from './commands/playbook.ts';
import { addReceiptCommands } from './commands/receipt.ts';
import { addRecoverCommand } from './commands/recover.ts';
import { addRecoveryCommands } from './commands/recovery.ts';
import { addReportCommand } from './commands/report.ts';
import { addRunCommand } from './commands/run.ts';
import { addServiceCommands } from './commands/service.ts';
import { addHostCommands } from './commands/host.ts';
import { addProcessCommands } from './commands/process.ts';
import { addSessionCommands } from './commands/session.ts';
import { addServeCommand } from './commands/serve.ts';
import { addDrillCommands } from './commands/drill.ts';
import { addTransactionCommands } from './commands/transaction.ts';
import { addUpCommands } from './commands/up.ts';
import { addWorkspaceCommands } from './commands/workspace.ts';
import { EXIT, EXIT_MEANINGS } from './exit-codes.ts';
import { version } from './version.ts';

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
  const codes = Object.entries(EXIT).map(
    ([name, code]) => `  ${code}`.padEnd(7) + EXIT_MEANINGS[name as keyof typeof EXIT],
  );
  program.addHelpText('after', ['', 'Exit codes:', ...codes].join('\n'));
  addUpCommands(program);
  addServeCommand(program);
  addTokenCommands(program);
  addAuditCommands(program);
  addRunCommand(program);
  addRecoverCommand(program);
  addPlanCommand(program);
  addPlaybookCommands(program);
  addRecoveryCommands(program);
  addAutomationCommands(program);
  addReceiptCommands(program);
  addTransactionCommands(program);
  addDrillCommands(program);
  addBreakerCommands(program);
  addMonitorCommands(program);
  addStatsCommand(program);
  addReportCommand(program);
  addExecutionCommands(program);
  addBulkCommands(program);
  addActivityCommands(program);
  addCheckpointCommands(program);
  addArtifactCommands(program);
  addServiceCommands(program);
  addSessionCommands(program);
  addProcessCommands(program);
  addHostCommands(program);
  addWorkspaceCommands(program);
  addDoctorCommand(program);
  addConfigCommands(program);
  addEncryptionCommands(program);
  addDemoCommand(program);
  addCompletionCommands(program);
  throwInsteadOfExit(program);
  return program;
}
