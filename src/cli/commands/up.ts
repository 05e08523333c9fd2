import type { Command } from 'commander';
import type { RunningServer } from '../../api/server.ts';
import { openContext } from '../context.ts';
import { onInterrupt, untilAborted } from '../interrupt.ts';
import { addApiOptions } from './serve.ts';

async function up(options: { fresh?: boolean; demo?: boolean }, command: Command): Promise<void> {
  const { startSystem } = await import('../system.ts');
  const { DEMO_PLAYBOOKS, runDemo } = await import('../demo/run-demo.ts');
  const opened = await openContext(command);
  const { output } = opened;
  const playbooksDir = options.demo ? [...opened.settings.playbooksDir, DEMO_PLAYBOOKS] : opened.settings.playbooksDir;
  const settings = { ...opened.settings, playbooksDir };
  const context = { ...opened, settings };
  const say = (line: string): void => output.info(line);
  const interrupted = onInterrupt(say);
  const system = await startSystem({ settings, fresh: options.fresh ?? false, say });
  let api: RunningServer | undefined;
  try {
    const { address, uiAddress, namespace, worker } = system;
    const { serveApi } = await import('../serve-api.ts');
    const loaded = { ...opened.loaded, settings: { ...settings, address, namespace } };
    api = await serveApi({ loaded, temporalUi: uiAddress });
    const apiAddress = api.address;
    output.event({ event: 'up', address, uiAddress, apiAddress, workerPid: worker.pid() }, () =>
      [
        `Temporal  ${address}`,
        ...(uiAddress ? [`UI        ${output.paint.bold(uiAddress)}`] : []),
        `API       ${output.paint.bold(apiAddress)}`,
        `Worker    pid ${worker.pid()}, host ${settings.host}`,
      ].join('\n'),
    );
    if (options.demo) {
      const result = await runDemo({ context, system, interrupted });
      if (!interrupted.aborted) {
        output.info('');
        output.info(
          result.ok
            ? output.paint.green('All four ended as they should.')
            : output.paint.red('Not all ended as they should; see above.'),
        );
      }
    }
    if (!interrupted.aborted)
      output.info(
        `\nRunning. ${uiAddress ? `Look at ${uiAddress}. ` : ''}Ctrl-C stops it; the data stays in ${settings.dataDir}.`,
      );
    await untilAborted(interrupted);
  } finally {
    await api?.close();
    await system.stop();
  }
}

/** Loaded only here: the native core and all that activities need would slow every other command down. */
async function worker(_options: object, command: Command): Promise<void> {
  const { serveWorker } = await import('../serve-worker.ts');
  await serveWorker((await openContext(command)).settings);
}

export function addUpCommands(program: Command): void {
  addApiOptions(
    program
      .command('up')
      .description('This command will start a Temporal server, a worker and the HTTP API, and stay until Ctrl-C.'),
  )
    .option('--fresh', 'start with an empty database')
    .option('--demo', 'show four recoveries of a really broken release')
    .addHelpText('after', '\nExample:\n  $ rerail up --fresh')
    .action(up);
  program
    .command('down')
    .description('This command will stop the embedded Temporal server of this data directory.')
    .addHelpText('after', '\nExample:\n  $ rerail down')
    .action(async (_options: object, command: Command) => {
      const { output, settings } = await openContext(command);
      const { stopServer } = await import('../../embedded/stop-server.ts');
      const stopped = await stopServer(settings.dataDir);
      output.value({ stopped }, () => (stopped ? 'Stopped.' : 'No embedded server was running.'));
    });
  program
    .command('worker')
    .description('This command will run a worker for this host against a server that runs already.')
    .addHelpText('after', '\nExample:\n  $ rerail worker --address temporal.internal:7233')
    .action(worker);
}
