import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { messageOf } from '../domain/errors.ts';

const run = promisify(execFile);

/** The first with every flag and search attribute type that we pass; its server is 1.29. */
export const MINIMUM_CLI = '1.5.0';
const MINIMUM_SERVER = '1.29.0';

/** What a build without release flags calls itself, whatever its code; its server's version tells it apart. */
const DEVELOPMENT_VERSION = '0.0.0-DEV';

export function isAtLeast(version: string, minimum: string): boolean {
  const parts = (text: string): number[] => text.split(/[.+-]/).slice(0, 3).map(Number);
  const [mine, least] = [parts(version), parts(minimum)];
  for (const [index, needed] of least.entries()) {
    const part = mine[index] ?? 0;
    if (part !== needed) return part > needed;
  }
  return true;
}

/** Reads `temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)`; throws the reason when it is none, or too old. */
export function parseServerVersion(output: string): string {
  const match = /^temporal version (\S+) \(Server ([\d.]+)/m.exec(output);
  const [, cli, server] = match ?? [];
  if (cli === undefined || server === undefined) throw new Error(`it is no temporal CLI, it printed ${output.trim()}`);
  const enough = cli === DEVELOPMENT_VERSION ? isAtLeast(server, MINIMUM_SERVER) : isAtLeast(cli, MINIMUM_CLI);
  if (!enough) throw new Error(`its version is ${cli} (server ${server}), ${MINIMUM_CLI} or newer is needed`);
  return `${cli} (server ${server})`;
}

export type ReadVersion = (path: string) => Promise<string>;

/** Runs the file once, which also proves that it is whole and made for this machine. */
export const readServerVersion: ReadVersion = async (path) => {
  let output: string;
  try {
    ({ stdout: output } = await run(path, ['--version', '--disable-config-env', '--disable-config-file'], {
      timeout: 15_000,
    }));
  } catch (error) {
    throw new Error(`it does not run: ${messageOf(error)}`, { cause: error });
  }
  return parseServerVersion(output);
};
