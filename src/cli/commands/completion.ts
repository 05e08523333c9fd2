import { Argument, Command } from 'commander';
import { openContext } from '../context.ts';
import { findLive, type Suggestion } from '../live-values.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** A key press has to be answered at once, with nothing where the server is slow. */
const ANSWER_WITHIN_MS = 1500;

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

/** Shells read what is offered as words of their own: nothing is offered that they would expand, split or carry out. */
const isPlainWord = ({ value }: Suggestion): boolean => /^[\w@%+=:,./-]+$/.test(value);

/** What the script for bash calls, where the package bash-completion is not installed. */
const BASH_WORDS = `if ! declare -F _get_comp_words_by_ref > /dev/null; then
    _get_comp_words_by_ref() {
        local line="\${COMP_LINE:0:COMP_POINT}"
        read -r -a words <<< "$line"
        [[ $line == *[[:space:]] ]] && words+=("")
        cword=$((\${#words[@]} - 1))
        cur=\${words[cword]}
        prev=
        ((cword > 0)) && prev=\${words[cword - 1]}
        return 0
    }
fi
`;

type Tree = Awaited<ReturnType<typeof completionTree>>;

/** The words that are no options and no values of options. */
function argumentsIn(words: readonly string[], root: Pick<Tree, 'options'>, asked: Pick<Tree, 'options'>): string[] {
  const takesValue = (word: string): boolean => {
    const name = word.replace(/^--?/, '');
    const found = [asked, root].flatMap(({ options }) =>
      [...options.values()].filter(({ value, alias }) => value === name || alias === name),
    )[0];
    return found !== undefined && found.isBoolean !== true && !word.includes('=');
  };
  return words.filter((word, index) => !word.startsWith('-') && !takesValue(words[index - 1] ?? ''));
}

async function suggest(words: string[], command: Command): Promise<void> {
  const program = command.parent!;
  const root = await completionTree(program);
  const asked = [...root.commands.keys()]
    .filter((path) => path.split(' ').every((word, index) => words[index] === word))
    .sort((a, b) => b.length - a.length)[0];
  const spec = asked === undefined ? undefined : root.commands.get(asked);
  if (asked !== undefined && spec) {
    const given = argumentsIn(words.slice(asked.split(' ').length, -1), root, spec);
    const known = [...spec.arguments.values()];
    const argument = known[given.length] ?? (known.at(-1)?.variadic ? known.at(-1) : undefined);
    const before = words.at(-2) ?? '';
    const flag = /^--([\w-]+)$/.exec(before)?.[1];
    const option = flag === undefined ? undefined : spec.options.get(flag);
    const place = option && !option.isBoolean ? option : argument;
    const name = place === option ? flag : argument?.name;
    const live = findLive(asked, name);
    if (place && live) {
      const values = (await withinTime(live(command, words))).filter(isPlainWord);
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
    .action(async (shell: (typeof SHELLS)[number], _options: object, command: Command) => {
      const root = await completionTree(program);
      if (shell === 'bash') (await openContext(command)).output.raw(BASH_WORDS);
      root.setup('rerail', 'rerail', shell);
    });
  // What the scripts ask with each press of the key.
  program
    .command('complete', { hidden: true })
    .argument('[words...]')
    .allowUnknownOption()
    .action((words: string[], _options: object, command: Command) => suggest(words, command));
}
