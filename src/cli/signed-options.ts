import { userInfo } from 'node:os';
import { Option, type Command } from 'commander';
import { RerailError } from '../domain/errors.ts';
import type { Output } from './output/output.ts';
import { askText } from './prompt.ts';

export interface SignedOptions {
  by: string;
  reason?: string;
}

/** Who does it. */
export function addByOption(command: Command): Command {
  return command.addOption(
    new Option('--by <name>', 'who does it; Temporal does not check it').default(userInfo().username, 'your user name'),
  );
}

/** Who does it and why, on a command that changes something. */
export const addSignedOptions = (command: Command): Command =>
  addByOption(command).option('--reason <text>', 'why; kept with what was done');

/** Asks for a missing reason on a terminal; throws `invalid-input` elsewhere. */
export async function needReason(reason: string | undefined, output: Output): Promise<string> {
  const given = reason?.trim() ? reason : await askText(output, 'Why? It is kept with what is done.');
  if (given) return given;
  throw new RerailError('invalid-input', '--reason is missing', { remedy: 'Say why, for the audit: --reason "…".' });
}

/** Who and why. Throws as `needReason`. */
export async function signed({ by, reason }: SignedOptions, output: Output): Promise<{ by: string; reason: string }> {
  return { by, reason: await needReason(reason, output) };
}
