import { setMaxListeners } from 'node:events';
import { Client } from '@temporalio/client';
import { Option, type Command } from 'commander';
import { createRecoveryClient, type RecoveryClient } from '../client/recovery-client.ts';
import { resolveConnection } from '../config/connection.ts';
import { loadSettings, type LoadedSettings } from '../config/load-settings.ts';
import { openConnection } from '../config/open-connection.ts';
import { createOutput, FORMATS, type Output } from './output/output.ts';

export interface GlobalOptions {
  output?: (typeof FORMATS)[number];
  color?: 'auto' | 'always' | 'never';
  address?: string;
  namespace?: string;
  profile?: string;
  dataDir?: string;
  playbooks?: string[];
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
    .option('--address <host:port>', 'Temporal server; default: profile, embedded server, 127.0.0.1:7233')
    .option('--namespace <name>', 'Temporal namespace')
    .option('--profile <name>', 'profile of the temporal CLI')
    .option('--data-dir <directory>', 'checkpoints, evidence and the embedded server’s database')
    .option('--playbooks <directory...>', 'directories with playbooks of your own');
}

export async function openContext(command: Command): Promise<Context> {
  const options = command.optsWithGlobals<GlobalOptions>();
  const output = createOutput({ format: options.output ?? 'text', color: options.color ?? 'auto' });
  const { address, namespace, profile, dataDir, playbooks } = options;
  const loaded = await loadSettings({ flags: { address, namespace, profile, dataDir, playbooksDir: playbooks } });
  return { output, settings: loaded.settings, loaded };
}

/** Gives the work a client and closes its connection afterwards. Throws `server-unreachable` within 5 s. */
export async function withClient<T>(
  context: Context,
  work: (recoveries: RecoveryClient, client: Client) => Promise<T>,
): Promise<T> {
  const resolved = await resolveConnection(context.settings);
  const connection = await openConnection(resolved);
  // Who stops waiting leaves a long poll behind, which would keep the process for another 20 s.
  const done = new AbortController();
  // The client adds a listener with each call and removes none.
  setMaxListeners(0, done.signal);
  try {
    const client = new Client({ connection, namespace: resolved.namespace });
    const recoveries = createRecoveryClient({ client, taskQueue: context.settings.taskQueue });
    return await connection.withAbortSignal(done.signal, () => work(recoveries, client));
  } finally {
    done.abort();
    await connection.close();
  }
}
