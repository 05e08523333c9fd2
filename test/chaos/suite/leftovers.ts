import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * One directory for all that an experiment makes. What an experiment has started names it: in its environment, its arguments
 * or its working directory, so that all of it is found again, however the experiment ended.
 */
export interface Place {
  path: string;
  /** What is there that should be gone. Waits a moment for what is about to go. */
  leftovers: () => Promise<string[]>;
  /** Takes all of it away. */
  clear: () => void;
}

/** Serves this process for as long as it lives; the first experiment that needs it has it started. */
const OUR_COMPILER = /\/esbuild --service=/;
const GONE_WITHIN_MS = 15_000;

const read = (work: () => string): string => {
  try {
    return work();
  } catch {
    // It has ended, or is another user's.
    return '';
  }
};

function processesOf(path: string): { pid: number; command: string }[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && pid !== process.pid)
    .flatMap((pid) => {
      const of = (name: string): string => read(() => readFileSync(`/proc/${pid}/${name}`, 'utf8'));
      const command = of('cmdline').replaceAll('\0', ' ').trim();
      // Whoever has ended and is only not collected has no command any more.
      if (command === '' || OUR_COMPILER.test(command)) return [];
      const about = [of('environ'), command, read(() => readlinkSync(`/proc/${pid}/cwd`))];
      return about.some((text) => text.includes(path)) ? [{ pid, command: command.slice(0, 120) }] : [];
    });
}

const mountsOf = (path: string): string[] =>
  read(() => readFileSync('/proc/self/mounts', 'utf8'))
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((mount) => mount.startsWith(path));

/** Processes that name the directory, and what is mounted in it. */
export const holdersOf = (path: string): string[] => [
  ...processesOf(path).map(({ pid, command }) => `process ${pid}: ${command}`),
  ...mountsOf(path).map((mount) => `mount ${mount}`),
];

export function makePlace(above: string): Place {
  const path = mkdtempSync(join(above, 'rerail-chaos-'));
  // PostgreSQL, which is not root, has to get through.
  chmodSync(path, 0o711);
  const find = (): string[] => [...holdersOf(path), ...readdirSync(path).map((name) => `file ${name}`)];
  return {
    path,
    async leftovers() {
      const deadline = Date.now() + GONE_WITHIN_MS;
      while (find().length > 0 && Date.now() < deadline) await delay(100);
      return find();
    },
    clear() {
      // Somebody who is killed may have just started somebody else.
      for (let round = 0; round < 5; round++) {
        for (const { pid } of processesOf(path)) read(() => String(process.kill(pid, 'SIGKILL')));
      }
      for (const mount of mountsOf(path)) execFileSync('umount', ['-l', mount]);
      rmSync(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
    },
  };
}
