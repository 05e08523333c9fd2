import type { Command } from 'commander';
import { openContext } from '../context.ts';
import { onInterrupt, untilAborted } from '../interrupt.ts';

/** Where the API listens, for the commands that start it. */
export const addApiOptions = (command: Command): Command =>
  command
    .option('--api-host <address>', 'where the HTTP API listens; default: 127.0.0.1')
    .option('--api-port <port>', 'its port; default: 7070, or a free one when that is taken');

async function serve(_options: object, command: Command): Promise<void> {
  const { output, loaded } = await openContext(command);
  const { serveApi } = await import('../serve-api.ts');
  const interrupted = onInterrupt((line) => output.info(line));
  const { address, open, close } = await serveApi({ loaded });
  try {
    output.event({ event: 'serving', address, open }, () => `API       ${output.paint.bold(address)}`);
    output.info(open ? 'Without tokens: only this machine may ask. Ctrl-C stops it.' : 'Ctrl-C stops it.');
    await untilAborted(interrupted);
  } finally {
    await close();
  }
}

export function addServeCommand(program: Command): void {
  addApiOptions(
    program
      .command('serve')
      .description('This command will serve the HTTP API for a Temporal server that runs already, until Ctrl-C.'),
  )
    .addHelpText('after', '\nExample:\n  $ rerail serve --api-port 7070')
    .action(serve);
}
