import { spawn, type ChildProcess } from 'node:child_process';
import { constants } from 'node:os';
import { root } from '../lib/paths.mjs';

export interface Ended {
  exitCode: number;
  stdout: string;
  /** The end of what it said on stderr. */
  said: string;
}

const SAID_LENGTH = 2000;

/** Runs a program; what it says on stderr is passed on. */
export function runCommand(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
  cwd = root,
): Promise<Ended> {
  const child: ChildProcess = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let said = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    process.stderr.write(text);
    said = (said + text).slice(-SAID_LENGTH);
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      resolve({ exitCode: code ?? 128 + (signal === null ? 0 : constants.signals[signal]), stdout, said });
    });
  });
}

/** The JSON document that a text ends with, whatever stands before it. Undefined where there is none. */
export function findJson(text: string): unknown {
  for (const { index } of text.matchAll(/^[{[]/gm)) {
    try {
      return JSON.parse(text.slice(index)) as unknown;
    } catch {
      // It begins further down.
    }
  }
  return undefined;
}
