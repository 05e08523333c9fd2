import type { Command } from 'commander';
import type { Breakers } from '../../client/breakers.ts';
import type { BreakerSettings } from '../../domain/breaker.schema.ts';
import type { BreakerSnapshot } from '../../domain/breaker.ts';
import { isRerailError, RerailError } from '../../domain/errors.ts';
import { openContext, withClient } from '../context.ts';
import { renderBreaker, renderBreakers } from '../output/render-breaker.ts';
import { addSignedOptions, signed, type SignedOptions } from '../signed-options.ts';

async function list(_options: object, command: Command): Promise<void> {
  const context = await openContext(command);
  const { output } = context;
  await withClient(context, async ({ breakers }) => {
    const found = await breakers.list();
    output.list(found, () => renderBreakers(output.paint, found));
  });
}

async function show(name: string, _options: object, command: Command): Promise<void> {
  const context = await openContext(command);
  const { output } = context;
  await withClient(context, async ({ breakers }) => {
    const found = await breakers.status(name);
    output.value(found, () => renderBreaker(output.paint, found));
  });
}

interface ChangeOptions extends SignedOptions {
  dryRun?: boolean;
  count?: boolean;
}

interface Verb {
  verb: 'open' | 'close' | 'reset';
  description: string;
  /** The state that it leads to. */
  to: (options: ChangeOptions) => BreakerSnapshot['state'];
  send: (
    breakers: Breakers,
    name: string,
    change: { by: string; reason: string },
    options: ChangeOptions,
  ) => Promise<BreakerSnapshot>;
  example: string;
}

const modeOf = ({ count }: ChangeOptions): 'METRICS_ONLY' | 'DISABLED' => (count ? 'METRICS_ONLY' : 'DISABLED');

const VERBS: Verb[] = [
  {
    verb: 'open',
    description: 'This command will keep all calls away from a dependency until its breaker is reset.',
    to: () => 'FORCED_OPEN',
    send: (breakers, name, change) => breakers.forceOpen(name, change),
    example: 'rerail breaker open orders-db --reason "moving the database"',
  },
  {
    verb: 'close',
    description: 'This command will let all calls through to a dependency until its breaker is reset.',
    to: modeOf,
    send: (breakers, name, change, options) => breakers.forceClose(name, { ...change, mode: modeOf(options) }),
    example: 'rerail breaker close orders-db --reason "the alarm is false"',
  },
  {
    verb: 'reset',
    description: 'This command will close a breaker, forget its calls and let it work by itself again.',
    to: () => 'CLOSED',
    send: (breakers, name, change) => breakers.reset(name, change),
    example: 'rerail breaker reset orders-db --reason "the database is back"',
  },
];

/** The present state; undefined for one that nobody has used, which may be set all the same but not reset. */
async function stateBefore(breakers: Breakers, name: string, verb: Verb['verb']) {
  try {
    return (await breakers.status(name)).state;
  } catch (error) {
    if (verb === 'reset' || !isRerailError(error) || error.code !== 'breaker-not-found') throw error;
    return undefined;
  }
}

async function change({ verb, to, send }: Verb, name: string, options: ChangeOptions, command: Command): Promise<void> {
  const context = await openContext(command);
  const { output } = context;
  const given = await signed(options, output);
  await withClient(context, async ({ breakers }) => {
    if (options.dryRun) {
      const from = await stateBefore(breakers, name, verb);
      const would = { name, from: from ?? null, to: to(options), ...given, dryRun: true };
      return output.value(would, () => `${name} would go from ${from ?? 'not used yet'} to ${would.to}`);
    }
    const after = await send(breakers, name, given, options);
    output.value(after, () => `${name}: ${after.lastChange?.from} -> ${after.state}, by ${given.by}: ${given.reason}`);
  });
}

/** `name=value` pairs; the client says which name or value is wrong. */
function settingsOf(pairs: readonly string[]): Partial<BreakerSettings> {
  const given = pairs.map((pair) => {
    const at = pair.indexOf('=');
    if (at < 1) {
      throw new RerailError('invalid-input', `"${pair}" is not of the form name=value`, {
        remedy: 'Write for example failureRateThreshold=50 waitDurationInOpenState=30s.',
      });
    }
    const text = pair.slice(at + 1);
    const value = /^(true|false)$/.test(text)
      ? text === 'true'
      : text !== '' && !Number.isNaN(Number(text))
        ? Number(text)
        : text;
    return [pair.slice(0, at), value];
  });
  return Object.fromEntries(given) as Partial<BreakerSettings>;
}

async function configure(name: string, pairs: string[], options: ChangeOptions, command: Command): Promise<void> {
  const context = await openContext(command);
  const { output } = context;
  const settings = settingsOf(pairs);
  const given = await signed(options, output);
  await withClient(context, async ({ breakers }) => {
    if (options.dryRun) {
      const would = { name, settings, ...given, dryRun: true };
      return output.value(would, () => `${name} would get ${pairs.join(', ')}`);
    }
    const after = await breakers.configure(name, { ...given, settings });
    output.value(after, () => renderBreaker(output.paint, after));
  });
}

export function addBreakerCommands(program: Command): void {
  const breaker = program.command('breaker').description('Look at the circuit breakers of dependencies and set them.');
  breaker
    .command('list')
    .description('This command will list circuit breakers and their states.')
    .addHelpText('after', '\nExample:\n  $ rerail breaker list')
    .action(list);
  breaker
    .command('show <name>')
    .description('This command will show a circuit breaker: state, counts, leases, next try and changes.')
    .addHelpText('after', '\nExample:\n  $ rerail breaker show orders-db')
    .action(show);
  addSignedOptions(breaker.command('configure <name> <settings...>'))
    .description(
      'This command will change settings of a circuit breaker (docs/guide/breakers.md), also before its first use.',
    )
    .option('--dry-run', 'only say what would change')
    .addHelpText(
      'after',
      '\nExample:\n  $ rerail breaker configure orders-db failureRateThreshold=30 waitDurationInOpenState=1m --reason "a slow link"',
    )
    .action(configure);
  for (const spec of VERBS) {
    const added = addSignedOptions(breaker.command(`${spec.verb} <name>`))
      .description(spec.description)
      .option('--dry-run', 'only say what would change');
    if (spec.verb === 'close') added.option('--count', 'count calls all the same, for their rates');
    added
      .addHelpText('after', `\nExample:\n  $ ${spec.example}`)
      .action((name: string, options: ChangeOptions, command: Command) => change(spec, name, options, command));
  }
}
