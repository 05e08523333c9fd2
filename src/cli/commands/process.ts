import { userInfo } from 'node:os';
import path from 'node:path';
import type { Command } from 'commander';
import { createProcessActivities } from '../../activities/processes/create-process-activities.ts';
import { runProbe } from '../../activities/probes/run-probe.ts';
import { loadDefinitions } from '../../config/load-playbooks.ts';
import { RerailError } from '../../domain/errors.ts';
import { newId } from '../../domain/ids.ts';
import type { ProcessStatus, SupervisedProcess } from '../../domain/process.ts';
import { openContext, type Context } from '../context.ts';
import { renderProcess, renderProcesses } from '../output/render-process.ts';
import { confirm } from '../prompt.ts';
import { requireAccepting } from '../require-accepting.ts';

interface Flags {
  dryRun?: boolean;
  yes?: boolean;
}

/** The activities of this host, done right here: a person starts the count of restarts anew. */
export const processesHere = ({ settings }: Context, id = newId('cli')) =>
  createProcessActivities({
    folder: path.join(settings.dataDir, 'processes'),
    runProbe,
    keys: () => ({ execution: `${userInfo().username} (${id})`, step: id }),
    signal: () => undefined,
  });

/** By the component of that name, else as it was started last. */
async function findProcess(context: Context, name: string): Promise<SupervisedProcess> {
  const { components } = await loadDefinitions(context.settings.playbooksDir);
  const defined = components.find((component) => component.name === name)?.spec.process;
  if (defined) return { name, ...defined };
  const here = await processesHere(context).listHere();
  const started = here.find(({ definition }) => definition.name === name)?.definition;
  if (started) return started;
  throw new RerailError(
    'process-not-found',
    `No component ${JSON.stringify(name)} has a process, and none was started`,
    {
      remedy: 'List what is there with `rerail process list`, and name the definitions in the setting playbooksDir.',
      nonRetryable: true,
    },
  );
}

async function list(_options: object, command: Command): Promise<void> {
  const context = await openContext(command);
  const processes = processesHere(context);
  const { components } = await loadDefinitions(context.settings.playbooksDir);
  const started = await processes.listHere();
  const known = new Set(started.map(({ status }) => status.name));
  const defined = components.filter(({ name, spec }) => spec.process && !known.has(name));
  const all = [
    ...started.map(({ status }) => status),
    ...(await Promise.all(defined.map(({ name }) => processes.statusOf(name)))),
  ];
  context.output.list(all, () => renderProcesses(context.output.paint, all));
}

async function show(name: string, _options: object, command: Command): Promise<void> {
  const context = await openContext(command);
  const process = await findProcess(context, name);
  const status = await processesHere(context).processStatus({ process });
  context.output.value(status, () => renderProcess(context.output.paint, status));
}

type Change = 'startProcess' | 'stopProcess' | 'restartProcess';

const change =
  (what: Change, words: string) =>
  async (name: string, flags: Flags, command: Command): Promise<void> => {
    const context = await openContext(command);
    const { output } = context;
    const processes = processesHere(context);
    const process = await findProcess(context, name);
    const before = await processes.processStatus({ process });
    if (flags.dryRun)
      return output.value({ dryRun: true, ...before }, () => `${name} would be ${words}: ${before.observed}`);
    if (what !== 'startProcess')
      await confirm(output, { yes: flags.yes, what: `${name} (${before.observed}) would be ${words}` });
    if (what !== 'stopProcess') await requireAccepting(context);
    const after: ProcessStatus = await processes[what]({ process });
    output.value(after, () => renderProcess(output.paint, after));
  };

export function addProcessCommands(program: Command): void {
  const group = program
    .command('process')
    .description('Look at the supervised processes of this host, start and stop them.');
  group
    .command('list')
    .description('This command will list the processes that are defined or were started here.')
    .addHelpText('after', '\nExample:\n  $ rerail process list')
    .action(list);
  group
    .command('show <name>')
    .description('This command will show how a process is, how it ended last and the end of its output.')
    .addHelpText('after', '\nExample:\n  $ rerail process show web')
    .action(show);
  group
    .command('start <name>')
    .description('This command will start a process and begin the count of its restarts anew.')
    .option('--dry-run', 'only say how it is')
    .addHelpText('after', '\nExample:\n  $ rerail process start web')
    .action(change('startProcess', 'started'));
  group
    .command('stop <name>')
    .description('This command will end a process with all that it has started; its monitor leaves it so.')
    .option('--dry-run', 'only say how it is')
    .option('--yes', 'do not ask')
    .addHelpText('after', '\nExample:\n  $ rerail process stop web --yes')
    .action(change('stopProcess', 'stopped'));
  group
    .command('restart <name>')
    .description('This command will end a process and start it again, within its start limit.')
    .option('--dry-run', 'only say how it is')
    .option('--yes', 'do not ask')
    .addHelpText('after', '\nExample:\n  $ rerail process restart web --yes')
    .action(change('restartProcess', 'restarted'));
}
