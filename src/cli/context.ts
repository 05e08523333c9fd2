import type { Client } from '@temporalio/client';
import { Option, type Command } from 'commander';
import type { RecoveryClient } from '../client/recovery-client.ts';
import { loadSettings, type LoadedSettings } from '../config/load-settings.ts';
import { createOutput, FORMATS, TIME_FORMATS, type Output, type TimeFormat } from './output/output.ts';

export interface GlobalOptions {
  output?: (typeof FORMATS)[number];
  color?: 'auto' | 'always' | 'never';
  timeFormat?: TimeFormat;
  address?: string;
  namespace?: string;
  profile?: string;
  dataDir?: string;
  playbooks?: string[];
  /** Of the commands that serve the API. */
  apiHost?: string;
  apiPort?: string;
}

export interface Context {
  output: Output;
  settings: LoadedSettings['settings'];
  loaded: LoadedSettings;
}

/** Options that every command takes, before or after its name. */
export function addGlobalOptions(program: Command): Command {
  return program
    .addOption(new Option('-o, --output <format>', 'how results are printed').choices(FORMATS).default('text'))
    .addOption(new Option('--color <when>', 'colour').choices(['auto', 'always', 'never']).default('auto'))
    .addOption(
      new Option(
        '--time-format <format>',
        'of moments in text; default: relative on a terminal, iso elsewhere',
      ).choices(TIME_FORMATS),
    )
    .option('--address <host:port>', 'Temporal server; default: profile, embedded server, 127.0.0.1:7233')
    .option('--namespace <name>', 'Temporal namespace')
    .option('--profile <name>', 'profile of the temporal CLI')
    .option('--data-dir <directory>', 'checkpoints, evidence and the embedded server’s database')
    .option('--playbooks <directory...>', 'directories with playbooks of your own');
}

export async function openContext(command: Command): Promise<Context> {
  const options = command.optsWithGlobals<GlobalOptions>();
  const output = createOutput({
    format: options.output ?? 'text',
    color: options.color ?? 'auto',
    ...(options.timeFormat ? { timeFormat: options.timeFormat } : {}),
  });
  const { address, namespace, profile, dataDir, playbooks: playbooksDir, apiHost, apiPort } = options;
  const loaded = await loadSettings({
    flags: { address, namespace, profile, dataDir, playbooksDir, apiHost, apiPort },
  });
  return { output, settings: loaded.settings, loaded };
}

/** After so long somebody wonders why nothing happens. */
const PATIENCE_MS = 3000;

/** Says so when nobody is there who could do the work; it begins as soon as a worker comes. */
export async function tellWithoutWorker({ output, settings }: Context, client: Client): Promise<void> {
  const { isPolled } = await import('../client/readiness.ts');
  const polled = await isPolled(client, settings.taskQueue).catch(() => true);
  if (polled) return;
  const start = 'start one with `rerail worker`, or everything with `rerail up`';
  output.info(`No worker polls the task queue ${settings.taskQueue}, so nothing happens yet: ${start}.`);
}

/** `whileConnected`, loaded only here: Temporal's client would double the time that every other command takes to start. */
export async function withClient<T>(
  context: Context,
  work: (recoveries: RecoveryClient, client: Client) => Promise<T>,
): Promise<T> {
  const { whileConnected } = await import('./connect.ts');
  return whileConnected(context.settings, async ({ recoveries, client }) => {
    const patience = setTimeout(() => void tellWithoutWorker(context, client), PATIENCE_MS);
    try {
      return await work(recoveries, client);
    } finally {
      clearTimeout(patience);
    }
  });
}
