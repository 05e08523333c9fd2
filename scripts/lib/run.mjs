import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { root } from './paths.mjs';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** Ends like the child ended: its exit code, or 128 and the number of the signal, as shells have it. */
function exitCodeOf(code, signal) {
  return code ?? 128 + (constants.signals[signal] ?? 0);
}

/** Passes signals on while the child runs. A Ctrl-C of a terminal reaches the child without our help. */
function passSignalsTo(child) {
  const listeners = SIGNALS.map((signal) => {
    const listener = () => {
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    };
    process.on(signal, listener);
    return [signal, listener];
  });
  return () => listeners.forEach(([signal, listener]) => process.removeListener(signal, listener));
}

function wait(child) {
  const release = passSignalsTo(child);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(exitCodeOf(code, signal)));
  }).finally(release);
}

/** Runs a program with our own stdin, stdout and stderr, and returns its exit code. */
export function runAttached(command, args, { env = process.env } = {}) {
  return wait(spawn(command, args, { cwd: root, env, stdio: 'inherit' }));
}

/** Runs a program quietly and returns its exit code and what it printed. */
export async function runCaptured(command, args, { env = process.env, cwd = root, onSpawn } = {}) {
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  if (child.pid !== undefined) onSpawn?.(child.pid);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  const exitCode = await wait(child);
  return { exitCode, output };
}

/** npm as the one that runs us, else the one on PATH. */
export function npmCommand() {
  const script = process.env.npm_execpath;
  return script?.endsWith('npm-cli.js') ? [process.execPath, script] : ['npm'];
}

export function runNpm(args, options) {
  const [command, ...first] = npmCommand();
  return runCaptured(command, [...first, ...args], options);
}
