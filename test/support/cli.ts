import { fork, spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { text as readAll } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { Client, Connection, WorkflowNotFoundError } from '@temporalio/client';
import { afterAll, beforeAll, inject } from 'vitest';
import { EXIT } from '../../src/cli/exit-codes.ts';

export const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

const HOST = fileURLToPath(new URL('./cli-host.mjs', import.meta.url));

const PLAYBOOKS = ['give-up', 'ask', 'approved', 'again']
  .map((name) => {
    const actions: Record<string, string> = {
      'give-up': '    - {id: escalate, type: escalate}\n',
      ask: '    - {id: fix, type: manual, title: Fix it, timeout: 1h}\n    - {id: retry, type: retry}\n',
      approved: '    - {id: retry, type: retry}\n',
      again: '    - {id: retry, type: retry}\n    - {id: escalate, type: escalate}\n',
    };
    const approval = name === 'approved' ? '  approval: {timeout: 1h}\n' : '';
    return `apiVersion: rerail/v1\nkind: Playbook\nmetadata: {name: ${name}}\nspec:\n  match: [{code: NEVER-MATCHED}]\n${approval}  actions:\n${actions[name] ?? ''}`;
  })
  .join('---\n');

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  env?: NodeJS.ProcessEnv;
  input?: string;
}

interface Asked {
  words: string[];
  env: NodeJS.ProcessEnv;
  cwd: string;
  input: string;
}

/** Processes that have the command line loaded; commands at the same time run in different ones. */
function createHosts() {
  const all: ChildProcess[] = [];
  const idle: ChildProcess[] = [];
  const start = (): ChildProcess => {
    // What colours depend on is read once, so the surroundings have to be clean from the start.
    const env = { PATH: process.env['PATH'] };
    const child = fork(HOST, { env, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    all.push(child);
    return child;
  };
  return {
    async run(asked: Asked): Promise<Ended> {
      const host = idle.pop() ?? start();
      host.send(asked);
      const [said] = (await Promise.race([once(host, 'message'), once(host, 'exit')])) as unknown[];
      const { ended, crash } = (said ?? {}) as { ended?: Ended; crash?: string };
      if (!ended) throw new Error(`rerail ${asked.words.join(' ')} crashed: ${crash ?? String(said)}`);
      idle.push(host);
      return ended;
    },
    stop: () => Promise.all(all.map((child) => stopChild(child, 'SIGKILL'))),
  };
}

/**
 * The built command line as a user has it: with a clean home, nothing of this machine's settings but the way to its
 * programs, and queues of its own on the shared server; one process for many commands, or with `processes: 'own'` one for
 * each. Registers the hooks that make and remove it.
 */
export function useCli({ processes = 'shared' }: { processes?: 'shared' | 'own' } = {}) {
  const hosts = createHosts();
  const unique = `x${randomUUID().slice(0, 8)}`;
  let root = '';
  let environment: NodeJS.ProcessEnv = {};
  let client: Client;
  const serving: ChildProcess[] = [];

  beforeAll(async () => {
    root = await realpath(await mkdtemp(path.join(tmpdir(), 'rerail-cli-')));
    await mkdir(path.join(root, 'home'));
    await mkdir(path.join(root, 'playbooks'));
    await writeFile(path.join(root, 'playbooks', 'test.yaml'), PLAYBOOKS);
    environment = {
      PATH: process.env['PATH'],
      HOME: path.join(root, 'home'),
      RERAIL_ADDRESS: inject('serverAddress'),
      RERAIL_TASK_QUEUE: `cli-${unique}`,
      RERAIL_HOST: `cli-${unique}`,
      RERAIL_STORE_CARE: 'off',
      RERAIL_DATA_DIR: path.join(root, 'data'),
      RERAIL_PLAYBOOKS_DIR: path.join(root, 'playbooks'),
    };
    client = new Client({ connection: await Connection.connect({ address: inject('serverAddress') }) });
  });
  afterAll(async () => {
    await Promise.all(serving.map((child) => stopChild(child, 'SIGKILL')));
    // Ledgers and recoveries that wait for a person never end by themselves.
    const query = `TaskQueue = 'cli-${unique}' AND ExecutionStatus = 'Running'`;
    for await (const { workflowId, runId } of client.workflow.list({ query })) {
      await client.workflow.getHandle(workflowId, runId).terminate('end of the test');
    }
    await client.connection.close();
    await hosts.stop();
    await rm(root, { recursive: true, force: true });
  });

  async function rerail(words: string[], { env, input = '' }: RunOptions = {}): Promise<Ended> {
    const all = { ...environment, ...env };
    if (processes === 'shared') return hosts.run({ words, env: all, cwd: root, input });
    const child = spawn(process.execPath, [MAIN, ...words], { cwd: root, env: all });
    child.stdin.end(input);
    const closed = once(child, 'close') as Promise<[number | null]>;
    const [stdout, stderr, [code]] = await Promise.all([readAll(child.stdout), readAll(child.stderr), closed]);
    return { code, stdout, stderr };
  }

  /** The same on a terminal of its own; each answer is typed, or the test told, when the text before it has appeared. */
  async function onTerminal(
    words: string[],
    answers: readonly [after: RegExp, answer: string | (() => void)][] = [],
  ): Promise<Ended> {
    const command = [process.execPath, MAIN, ...words].map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
    const child = spawn('script', ['-qfec', `stty cols 160 rows 50 && ${command}`, '/dev/null'], {
      cwd: root,
      env: { ...environment, TERM: 'xterm' },
    });
    const left = [...answers];
    let stdout = '';
    let from = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
      const next = left[0];
      if (!next?.[0].test(stdout.slice(from))) return;
      from = stdout.length;
      if (typeof next[1] === 'string') child.stdin.write(next[1]);
      else next[1]();
      left.shift();
    });
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, stdout: stripVTControlCharacters(stdout), stderr: '' };
  }

  return {
    unique,
    onTerminal,
    /** A directory that is removed afterwards, and the working directory of all. */
    get root() {
      return root;
    },
    /** What every command runs with, for programs that start one. */
    get environment() {
      return environment;
    },
    rerail,
    /** Expects this exit code, and parses what is printed. */
    async json<T>(words: string[], code: number = EXIT.done): Promise<T> {
      const ended = await rerail(['-o', 'json', ...words]);
      if (ended.code === code) return JSON.parse(ended.stdout) as T;
      throw new Error(`rerail ${words.join(' ')} ended with ${ended.code}: ${ended.stderr}${ended.stdout}`);
    },
    async exists(workflowId: string): Promise<boolean> {
      try {
        await client.workflow.getHandle(workflowId).describe();
        return true;
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return false;
        throw error;
      }
    },
    resultOf: (workflowId: string): Promise<unknown> => client.workflow.getHandle(workflowId).result(),
    async file(name: string, content: string): Promise<string> {
      const full = path.join(root, name);
      await mkdir(path.dirname(full), { recursive: true });
      await writeFile(full, content);
      return full;
    },
    pipeline: (name: string, phases: string): string =>
      `apiVersion: rerail/v1\nkind: Pipeline\nmetadata: {name: ${name}}\nspec:\n  target: cli/${name}-${unique}\n  phases:\n${phases}`,
    /** `rerail serve` on a free port, once it says where it listens. It ends with the suite. */
    async startServe(env: NodeJS.ProcessEnv = {}) {
      const child = spawn(process.execPath, [MAIN, '-o', 'jsonl', 'serve', '--api-port', '0'], {
        cwd: root,
        env: { ...environment, ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      serving.push(child);
      const ended = once(child, 'exit') as Promise<[number | null]>;
      let log = '';
      child.stderr.on('data', (text: Buffer) => (log += text.toString()));
      const first = once(createInterface({ input: child.stdout }), 'line');
      const [line] = (await Promise.race([first, ended])) as [unknown];
      if (typeof line !== 'string') throw new Error(`rerail serve ended with ${String(line)}: ${log}`);
      const { address, open } = JSON.parse(line) as { address: string; open: boolean };
      return { child, ended, address, open, log: () => log };
    },
    /** `rerail worker`, once it is ready. It ends with this process, however that one ends. */
    async startWorker(env: NodeJS.ProcessEnv = {}, log: 'inherit' | 'pipe' = 'inherit'): Promise<ChildProcess> {
      const child = fork(MAIN, ['worker'], {
        cwd: root,
        env: { ...environment, RERAIL_LOG_LEVEL: 'error', ...env },
        stdio: ['ignore', 'ignore', log, 'ipc'],
      });
      const [said] = (await Promise.race([once(child, 'message'), once(child, 'exit')])) as unknown[];
      if (said !== 'ready') throw new Error(`the worker ended with ${String(said)}`);
      return child;
    },
  };
}

export async function stopChild(child: ChildProcess | undefined, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill(signal);
  await ended;
}
