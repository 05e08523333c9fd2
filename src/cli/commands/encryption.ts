import { randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import { RerailError } from '../../domain/errors.ts';
import { openContext } from '../context.ts';
import { onInterrupt, untilAborted } from '../interrupt.ts';

async function printKey({ id }: { id?: string }, command: Command): Promise<void> {
  const { output } = await openContext(command);
  const entry = { id: id ?? new Date().toISOString().slice(0, 10), key: randomBytes(32).toString('base64') };
  output.value(entry, () => `active: ${entry.id}\nkeys:\n  - { id: ${entry.id}, key: ${entry.key} }`);
}

interface ServeOptions {
  port: string;
  uiOrigin: string[];
  onlyNamespace?: string[];
}

async function serve({ port, uiOrigin, onlyNamespace }: ServeOptions, command: Command): Promise<void> {
  const { output, settings } = await openContext(command);
  const { encryptionKeysFile } = settings;
  if (encryptionKeysFile === undefined) {
    throw new RerailError('settings-invalid', 'there are no keys to decrypt with: encryptionKeysFile is not set', {
      remedy: 'Set RERAIL_ENCRYPTION_KEYS_FILE to the file of the keys; `rerail encryption key` makes one.',
      nonRetryable: true,
    });
  }
  const number = Number(port);
  if (!Number.isInteger(number) || number < 0 || number > 65_535) {
    throw new RerailError('invalid-input', `--port ${port} is not a port number`, {
      remedy: 'Give a number from 0 to 65535.',
      nonRetryable: true,
    });
  }
  const { loadKeyring } = await import('../../encryption/load-keyring.ts');
  const { createEncryptionCodec } = await import('../../encryption/encryption-codec.ts');
  const { createCodecHandler } = await import('../../encryption/codec-handler.ts');
  const { serveCodec } = await import('../../encryption/serve-codec.ts');
  const handler = createCodecHandler({
    codec: createEncryptionCodec(await loadKeyring(encryptionKeysFile)),
    origins: uiOrigin,
    ...(onlyNamespace ? { namespaces: onlyNamespace } : {}),
  });
  const interrupted = onInterrupt();
  const server = await serveCodec(handler, { host: '127.0.0.1', port: number });
  try {
    output.event({ event: 'codec', url: server.url }, () => `Codec     ${server.url}`);
    await untilAborted(interrupted);
  } finally {
    await server.close();
  }
}

export function addEncryptionCommands(program: Command): void {
  program
    .command('encryption')
    .description('Encryption of what Temporal stores.')
    .command('key')
    .description('This command will print a new key for the file of the setting encryptionKeysFile.')
    .option('--id <id>', 'stands beside each payload it encrypts; default: the date')
    .addHelpText('after', '\nExample:\n  $ rerail encryption key --id 2026-a')
    .action(printKey);
  program
    .command('codec')
    .description('Decryption for the Temporal UI.')
    .command('serve')
    .description('This command will decrypt payloads for a Temporal UI on this machine, until Ctrl-C.')
    .option('--port <number>', 'of 127.0.0.1', '8234')
    .option('--ui-origin <origin...>', 'addresses of the Temporal UI that may ask', [
      'http://127.0.0.1:8233',
      'http://localhost:8233',
    ])
    .option('--only-namespace <name...>', 'namespaces that are served; default: all')
    .addHelpText('after', '\nExample:\n  $ rerail codec serve --ui-origin http://localhost:8233')
    .action(serve);
}
