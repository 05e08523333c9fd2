import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Option, type Command } from 'commander';
import { stringify } from 'yaml';
import { jsonSchemaText } from '../../config/json-schema.ts';
import { lintDefinitions } from '../../config/lint-definitions.ts';
import { loadPlaybooks } from '../../config/load-playbooks.ts';
import { newPlaybookText } from '../../config/new-playbook.ts';
import type { DrillProof } from '../../domain/drill-mark.ts';
import { isRerailError, RerailError } from '../../domain/errors.ts';
import { FAILURE_TYPES, LANES, type FailureType, type Lane } from '../../domain/failure.ts';
import { NameSchema } from '../../domain/names.schema.ts';
import { parseInput } from '../../domain/parse-input.ts';
import { PlaybookSchema } from '../../domain/playbook.schema.ts';
import { resolveActions, toDrilled, toListed } from '../../planner/describe-playbook.ts';
import { isIrreversible, totalCoverage, undoCoverage } from '../../planner/undo-coverage.ts';
import { findPlaybook } from '../../planner/make-plan.ts';
import { sha256 } from '../../process/digests.ts';
import { writeNew } from '../write-new.ts';
import { openContext, withClient, type Context } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { renderCoverage, renderPlaybook, renderPlaybooks } from '../output/render-playbook.ts';

/** Undefined where no server answers: a list of files needs none. */
const proofsOf = (context: Context): Promise<DrillProof[] | undefined> =>
  withClient(context, ({ drills }) => drills.proofs()).catch((error: unknown) => {
    if (isRerailError(error) && error.code === 'server-unreachable') return undefined;
    throw error;
  });

async function list(_options: object, command: Command): Promise<void> {
  const context = await openContext(command);
  const { output, settings } = context;
  const playbooks = await loadPlaybooks(settings.playbooksDir);
  const listed = toDrilled(playbooks, await proofsOf(context), sha256);
  output.list(listed, () => renderPlaybooks(output.paint, listed));
}

async function show(name: string, _options: object, command: Command): Promise<void> {
  const { output, settings } = await openContext(command);
  const playbook = findPlaybook(name, await loadPlaybooks(settings.playbooksDir));
  const { document } = playbook;
  output.value({ ...toListed(playbook, sha256), document, actions: resolveActions(playbook) }, () =>
    renderPlaybook(output.paint, playbook, stringify(document, { lineWidth: 120 })),
  );
}

async function lint(files: string[], options: { strict?: boolean }, command: Command): Promise<void> {
  const { output, settings } = await openContext(command);
  const paths = files.length > 0 ? files : settings.playbooksDir;
  if (paths.length === 0) {
    throw new RerailError('invalid-input', 'there is nothing to check', {
      remedy: 'Name files or directories, or set --playbooks.',
    });
  }
  const { checked, ...result } = await lintDefinitions(paths, isIrreversible);
  const undo = checked.map(undoCoverage);
  const errors = result.findings.filter(({ level }) => level === 'error').length;
  const warnings = result.findings.length - errors;
  output.value({ ok: errors === 0, ...result, undo, undoTotal: totalCoverage(undo) }, () =>
    [
      ...result.findings.map(({ file, line, column, level, rule, message }) => {
        const place = `${path.relative(process.cwd(), file) || file}:${line}:${column}`;
        const word = level === 'error' ? output.paint.red('error') : output.paint.yellow('warning');
        return `${place}: ${word} ${message} ${output.paint.dim(`[${rule}]`)}`;
      }),
      ...(undo.length > 0 ? [renderCoverage(output.paint, undo)] : []),
      `${result.files} files, ${result.playbooks} playbooks: ${errors} errors, ${warnings} warnings`,
    ].join('\n'),
  );
  if (errors > 0 || (options.strict && warnings > 0)) process.exitCode = EXIT.invalid;
}

interface InitOptions {
  dir?: string;
  failureType?: FailureType;
  lane?: Lane;
  dryRun?: boolean;
}

const SCHEMA_FILE = 'playbook.schema.json';

async function init(given: string, { dir, failureType, lane, dryRun }: InitOptions, command: Command): Promise<void> {
  const { output, settings } = await openContext(command);
  const name = parseInput(NameSchema, given, 'the name of the playbook');
  const folder = path.resolve(dir ?? settings.playbooksDir[0] ?? 'playbooks');
  const file = path.join(folder, `${name}.yaml`);
  const text = newPlaybookText({
    name,
    schema: `./${SCHEMA_FILE}`,
    ...(failureType ? { failureType } : {}),
    ...(lane ? { lane } : {}),
  });
  if (dryRun) return output.value({ file, text, dryRun: true }, () => text);
  await mkdir(path.dirname(file), { recursive: true });
  await writeNew(file, text, 'Choose another name or --dir');
  // Always that of this version: editors check by it.
  await writeFile(path.join(folder, SCHEMA_FILE), jsonSchemaText('Rerail playbook', PlaybookSchema));
  output.value({ file, schema: path.join(folder, SCHEMA_FILE) }, () =>
    [`Wrote ${file}.`, `Next: edit it, then rerail playbook lint ${path.relative(process.cwd(), file) || file}`].join(
      '\n',
    ),
  );
}

export function addPlaybookCommands(program: Command): void {
  const playbook = program.command('playbook').description('Look at playbooks: what is done about which failure.');
  playbook
    .command('list')
    .description(
      'This command will list every playbook in the order in which they are asked, yours first, and\nwhether each has passed a drill since its last change.',
    )
    .addHelpText('after', '\nExample:\n  $ rerail playbook list --playbooks ./playbooks')
    .action(list);
  playbook
    .command('show')
    .argument('<name>', 'name of the playbook')
    .description('This command will show a playbook as YAML, and its actions with what holds where it says nothing.')
    .addHelpText('after', '\nExample:\n  $ rerail playbook show service-database')
    .action(show);
  playbook
    .command('lint')
    .argument('[files...]', 'files or directories; default: the directories of the setting playbooksDir')
    .option('--strict', 'warnings count as errors')
    .description(
      'This command will check definitions of every kind, say line and column of each problem, and how much of\nwhat each playbook does can be undone.',
    )
    .addHelpText('after', '\nExample:\n  $ rerail playbook lint playbooks/')
    .action(lint);
  playbook
    .command('init')
    .argument('<name>', 'name of the new playbook')
    .option('--dir <directory>', 'where; default: the first directory of yours, or ./playbooks')
    .addOption(new Option('--failure-type <type>', 'what it matches').choices(FAILURE_TYPES))
    .addOption(new Option('--lane <lane>', 'and only in this lane').choices(LANES))
    .option('--dry-run', 'only print it')
    .description('This command will write a playbook to begin with, and the JSON Schema that editors check it by.')
    .addHelpText('after', '\nExample:\n  $ rerail playbook init restart-api --failure-type api_failure')
    .action(init);
}
