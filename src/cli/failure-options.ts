import { readFile } from 'node:fs/promises';
import { Option, type Command } from 'commander';
import { text as readStream } from 'node:stream/consumers';
import type { Json } from '../domain/canonical-json.ts';
import { codeOf, messageOf, RerailError } from '../domain/errors.ts';
import { CATEGORIES, FAILURE_TYPES, LANES, RECOVERY_TYPES, SEVERITIES, type Failure } from '../domain/failure.ts';
import { FailureSchema } from '../domain/failure.schema.ts';
import { parseInput } from '../domain/parse-input.ts';

export interface FailureOptions {
  file?: string;
  target?: string;
  message?: string;
  failureType?: string;
  category?: string;
  severity?: string;
  lane?: string;
  code?: string;
  component?: string;
  recoveryType?: string;
  subject?: string;
  label?: string[];
  workspace?: string;
  playbook?: string;
  input?: string[];
}

export function addFailureOptions(command: Command): Command {
  return command
    .option('--file <failure.json>', 'the failure as JSON; - reads standard input')
    .option('--target <kind/name>', 'what broke, such as release/web')
    .option('--message <text>', 'what is wrong, in a sentence')
    .addOption(new Option('--failure-type <type>', 'kind of failure').choices(FAILURE_TYPES))
    .addOption(new Option('--category <category>', 'category').choices(CATEGORIES))
    .addOption(new Option('--severity <severity>', 'severity').choices(SEVERITIES))
    .addOption(new Option('--lane <lane>', 'lane').choices(LANES))
    .option('--code <code>', 'error code, such as ECONNREFUSED')
    .option('--component <name>', 'the part that fails, as a definition (kind: Component) names it')
    .addOption(new Option('--recovery-type <type>', 'why it is recovered; default: manual').choices(RECOVERY_TYPES))
    .option('--subject <kind/name>', 'whose checkpoints may be restored')
    .option('--label <key=value...>', 'labels that playbooks match and use')
    .option('--workspace <directory>', 'where the command runs')
    .argument('[command...]', 'the command that failed and can be retried; after --, word by word')
    .option('--playbook <name>', 'this playbook instead of the one that matches')
    .option('--input <key=value...>', 'inputs of the playbook; a value that is JSON is read as such');
}

function pairs(given: readonly string[] | undefined, flag: string): [string, string][] {
  return (given ?? []).map((pair) => {
    const at = pair.indexOf('=');
    if (at > 0) return [pair.slice(0, at), pair.slice(at + 1)];
    throw new RerailError('invalid-input', `${flag} ${pair} is not of the form key=value`, {
      remedy: `Write ${flag} name=value.`,
    });
  });
}

export function readInputs(given: readonly string[] | undefined): Record<string, Json> {
  return Object.fromEntries(
    pairs(given, '--input').map(([key, value]): [string, Json] => {
      try {
        return [key, JSON.parse(value) as Json];
      } catch {
        return [key, value];
      }
    }),
  );
}

async function readFailureFile(file: string): Promise<object> {
  let content: string;
  try {
    content = file === '-' ? await readStream(process.stdin) : await readFile(file, 'utf8');
  } catch (cause) {
    throw new RerailError('invalid-input', `--file ${file} cannot be read (${codeOf(cause) ?? 'unknown'})`, {
      remedy: 'Check the path.',
      cause,
    });
  }
  try {
    const value: unknown = JSON.parse(content);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch (cause) {
    throw new RerailError('invalid-input', `--file ${file} is not JSON: ${messageOf(cause)}`, {
      remedy: 'Correct it at that place.',
      cause,
    });
  }
  throw new RerailError('invalid-input', `--file ${file} does not hold a JSON object`, {
    remedy: 'Write one failure as an object.',
  });
}

/** What a failure cannot do without, and how it is given here. */
const NEEDED = [
  ['target', { what: 'what broke', example: '--target, such as --target release/web' }],
  ['message', { what: 'how it failed', example: '--message, such as --message "tests fail"' }],
] as const;

/** The failure that options or a file describe; options win over the file. Throws `invalid-input`. */
export async function readFailure(
  options: FailureOptions,
  command: readonly string[],
  host: string,
  defaults: Partial<Failure> = {},
): Promise<Failure> {
  const fromFile = options.file === undefined ? {} : await readFailureFile(options.file);
  const { target, message, failureType, category, severity, lane, code, component, recoveryType, subject, workspace } =
    options;
  const labels = Object.fromEntries(pairs(options.label, '--label'));
  const given = {
    ...(target ? { target } : {}),
    ...(message ? { message } : {}),
    ...(failureType ? { type: failureType } : {}),
    ...(category ? { category } : {}),
    ...(severity ? { severity } : {}),
    ...(lane ? { lane } : {}),
    ...(code ? { code } : {}),
    ...(component ? { component } : {}),
    ...(recoveryType ? { recoveryType } : {}),
    ...(subject ? { subject } : {}),
    ...(options.label ? { labels } : {}),
    ...(command.length > 0
      ? { operation: { kind: 'command', argv: command, workspace: workspace ?? process.cwd(), host } }
      : {}),
  };
  const failure = { source: { kind: 'cli' }, host, ...defaults, ...fromFile, ...given };
  for (const [field, flag] of NEEDED) {
    if (field in failure) continue;
    throw new RerailError('invalid-input', `it is not said ${flag.what}`, { remedy: `Give ${flag.example}.` });
  }
  return parseInput(FailureSchema, failure, 'the failure');
}
