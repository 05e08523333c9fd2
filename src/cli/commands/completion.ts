import { Argument, Command } from 'commander';
import type { RecoveryClient } from '../../client/recovery-client.ts';
import { loadPlaybooks } from '../../config/load-playbooks.ts';
import { OPEN_RECOVERY_STATUSES, RECOVERY_STATUSES } from '../../domain/recovery.ts';
import type { Settings } from '../../config/settings.ts';
import { openContext, withClient } from '../context.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;

interface Suggestion {
  value: string;
  description: string;
}

/** A key press has to be answered at once, with nothing where the server is slow. */
const ANSWER_WITHIN_MS = 1500;
const MANY = 200;

const fromServer =
  (list: (recoveries: RecoveryClient) => Promise<Suggestion[]>) =>
  (command: Command): Promise<Suggestion[]> =>
    openContext(command).then((context) => withClient(context, list));

const recoveries = (status: 'all' | 'open') =>
  fromServer(async (client) => {
    const wanted = [...(status === 'open' ? OPEN_RECOVERY_STATUSES : RECOVERY_STATUSES)];
    const found = await client.listRecoveries({ status: wanted, limit: MANY });
    const first = new Map(found.map((row) => [row.workflowId, row.waitingFor ?? row.status]));
    return [...first].map(([value, description]) => ({ value, description }));
  });

const breakers = fromServer(async (client) =>
  (await client.breakers.list()).map(({ name, state }) => ({ value: name, description: state })),
);

const checkpoints = fromServer(async (client) =>
  (await client.checkpoints.listAll({ limit: MANY })).map(({ info }) => ({
    value: info.id,
    description: `${info.subject} ${info.name}`,
  })),
);

const bulks = fromServer(async (client) =>
  (await client.bulks.list()).map(({ name, status }) => ({ value: name, description: status })),
);

async function playbooks(command: Command): Promise<Suggestion[]> {
  const { settings }: { settings: Settings } = await openContext(command);
  return (await loadPlaybooks(settings.playbooksDir)).map(({ name, description = '' }) => ({
    value: name,
    description: description.split('\n')[0] ?? '',
  }));
}

/** Where live values are known: the words of the command, and its argument or option. */
const LIVE: readonly { command: RegExp; name: string; values: (command: Command) => Promise<Suggestion[]> }[] = [
  {
    command: /^recovery (approve|deny|decide|complete|pause|cancel|kill)$/,
    name: 'recovery',
    values: recoveries('open'),
  },
  { command: /^recovery /, name: 'recovery', values: recoveries('all') },
  { command: /^breaker /, name: 'name', values: breakers },
  { command: /^(checkpoint .*|restore)$/, name: 'checkpoint', values: checkpoints },
  { command: /^checkpoint diff$/, name: 'from', values: checkpoints },
  { command: /^checkpoint diff$/, name: 'to', values: checkpoints },
  { command: /^bulk /, name: 'name', values: bulks },
  { command: /^playbook show$/, name: 'name', values: playbooks },
  { command: /./, name: 'playbook', values: playbooks },
];

async function withinTime(asking: Promise<Suggestion[]>): Promise<Suggestion[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Suggestion[]>((resolve) => {
    timer = setTimeout(() => resolve([]), ANSWER_WITHIN_MS);
  });
  // No server, no suggestion: the shell shows nothing of an error.
  return Promise.race([asking.catch((): Suggestion[] => []), late]).finally(() => clearTimeout(timer));
}

/** The tree of commands as the completion library knows it; our own two commands are left out. */
async function completionTree(program: Command) {
  const { default: tab } = await import('@bomb.sh/tab/commander');
  const tree = new Command(program.name());
  for (const option of program.options) tree.addOption(option);
  for (const child of program.commands) if (!['completion', 'complete'].includes(child.name())) tree.addCommand(child);
  return tab(tree, { completionCommandName: 'completion' });
}

async function suggest(words: string[], command: Command): Promise<void> {
  const program = command.parent!;
  const root = await completionTree(program);
  const asked = [...root.commands.keys()]
    .filter((path) => path.split(' ').every((word, index) => words[index] === word))
    .sort((a, b) => b.length - a.length)[0];
  const spec = asked === undefined ? undefined : root.commands.get(asked);
  if (asked !== undefined && spec) {
    const given = words.slice(asked.split(' ').length, -1).filter((word) => !word.startsWith('-'));
    const argument = [...spec.arguments.values()][given.length];
    const flag = /^--([\w-]+)/.exec(words.at(-2) ?? '')?.[1];
    const place = flag === undefined ? argument : spec.options.get(flag);
    const name = flag ?? argument?.name;
    const live = LIVE.find((entry) => entry.command.test(asked) && entry.name === name);
    if (place && live) {
      const values = await withinTime(live.values(command));
      place.handler = (complete) => {
        for (const { value, description } of values) complete(value, description);
      };
    }
  }
  root.parse(words);
}

export function addCompletionCommands(program: Command): void {
  program
    .command('completion')
    .addArgument(new Argument('<shell>', 'whose script').choices(SHELLS))
    .description('This command will print the script that makes a shell complete commands, options and ids.')
    .addHelpText(
      'after',
      '\nExample:\n  $ rerail completion bash > ~/.local/share/bash-completion/completions/rerail\n  $ source <(rerail completion zsh)',
    )
    .action(async (shell: (typeof SHELLS)[number]) => {
      const root = await completionTree(program);
      root.setup('rerail', 'rerail', shell);
    });
  // What the scripts ask with each press of the key.
  program
    .command('complete', { hidden: true })
    .argument('[words...]')
    .allowUnknownOption()
    .action((words: string[], _options: object, command: Command) => suggest(words, command));
}
