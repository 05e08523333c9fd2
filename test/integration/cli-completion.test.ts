import { spawn, type ChildProcess, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { access, chmod } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MAIN, stopChild, useCli } from '../support/cli.ts';
import { createTmuxServer, skipWithoutTmux, type TmuxServer } from '../support/tmux-server.ts';
import { until } from '../support/until.ts';

const cli = useCli();
const own = (name: string): string => `${name}-${cli.unique}`;
let worker: ChildProcess;
let shell: ChildProcessWithoutNullStreams;
let tmux: TmuxServer | undefined;
let screen = '';

const COMPONENT = (name: string, spec: string): string =>
  `apiVersion: rerail/v1\nkind: Component\nmetadata: {name: ${name}}\nspec: ${spec}\n`;

async function startShell(): Promise<void> {
  const rerail = await cli.file('bin/rerail', `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' "$@"\n`);
  await chmod(rerail, 0o755);
  const env = {
    ...cli.environment,
    PATH: `${path.dirname(rerail)}:${process.env['PATH'] ?? ''}`,
    TERM: 'dumb',
    PS1: '$ ',
  };
  shell = spawn('script', ['-qfec', 'stty cols 200 && exec bash --norc --noprofile -i', '/dev/null'], {
    cwd: cli.root,
    env,
  });
  shell.stdout.on('data', (chunk: Buffer) => (screen += chunk.toString()));
  shell.stdin.write('source <(rerail completion bash); echo loaded-$((40 + 2))\r');
  await until(() => Promise.resolve(screen.includes('loaded-42')), 'the completion script');
}

/** Types a beginning and the tabulator, until the shell has typed the rest. A slow answer offers nothing: then once more. */
async function completes(begun: string, whole: string): Promise<void> {
  await until(async () => {
    const from = screen.length;
    shell.stdin.write(`\u0015${begun}\t`);
    const said = () => Promise.resolve(screen.slice(from));
    return until(
      async () => /\u0007/.test(await said()) || ((await said()).includes(whole) && 'whole'),
      `an answer to ${begun}`,
    ).then((found) => found === 'whole');
  }, `${begun} to become ${whole}`);
  shell.stdin.write('\u0015');
}

beforeAll(async () => {
  await cli.file('playbooks/shell.yaml', COMPONENT(own('proc'), '{process: {argv: [sleep, "1000"], cwd: /tmp}}'));
  worker = await cli.startWorker();
  await startShell();
});
afterAll(async () => {
  shell.stdin.end('\u0015exit\r');
  await once(shell, 'close');
  await stopChild(worker);
  await tmux?.stop();
});

describe('a real bash with the completion script', () => {
  it('completes commands and options', async () => {
    await completes('rerail recovery dec', 'rerail recovery decide');
    await completes('rerail recover --fail', 'rerail recover --failure-type');
  });

  it('completes recoveries, monitors and their targets, services and hosts', async () => {
    const target = own('shell/recovery');
    await cli.json(['recover', '--target', target, '--message', 'broken', '--playbook', 'ask', '--', 'true']);
    await completes(`rerail recovery show recovery/${target.slice(0, -3)}`, `recovery/${target}`);
    const monitor = own('mon');
    const file = await cli.file(
      'monitor.yaml',
      `apiVersion: rerail/v1\nkind: Monitor\nmetadata: {name: ${monitor}}\nspec:\n  target: ${own('shell/watched')}\n  checks: [{name: up, probe: {file: {path: /}}}]\n`,
    );
    await cli.json(['monitor', 'start', file]);
    await completes(`rerail monitor show ${monitor.slice(0, -2)}`, monitor);
    await completes(`rerail monitor reset ${monitor} shell/wat`, own('shell/watched'));
    await cli.json(['service', 'degrade', own('serv'), '--reason', 'a test', '--by', 'ada']);
    await completes(`rerail service show ${own('serv').slice(0, -2)}`, own('serv'));
    await completes(`rerail host show ${`cli-${cli.unique}`.slice(0, -2)}`, `cli-${cli.unique}`);
  });

  it('completes transactions, drills that were run and drills that there are', async () => {
    const key = own('order');
    const file = await cli.file(
      'order.yaml',
      'apiVersion: rerail/v1\nkind: Transaction\nmetadata: {name: order}\nspec:\n  operations: [{id: one, operation: {kind: command, argv: ["true"]}}]\n',
    );
    await cli.json(['transaction', 'run', file, '--key', key]);
    await completes(`rerail transaction show ${key.slice(0, -2)}`, key);
    await completes('rerail drill run git-l', 'git-lock');
    const [drill] = await cli.json<{ workflowId: string }[]>(['drill', 'run', 'git-lock', '--detach']);
    const id = drill?.workflowId ?? '';
    await completes(`rerail drill report ${id.slice(0, -2)}`, id);
  });

  it('completes subjects, checkpoints and artifacts of a subject', async () => {
    const subject = own('shell/subject');
    const report = await cli.file('kept/report.txt', 'kept');
    const place = ['--subject', subject, '--root', path.dirname(report)];
    const made = await cli.json<{ info: { id: string } }>(['checkpoint', 'create', ...place]);
    await completes(`rerail checkpoint list --subject ${subject.slice(0, -2)}`, subject);
    await completes(`rerail checkpoint show ${made.info.id.slice(0, -2)}`, made.info.id);
    await cli.json(['artifact', 'save', report, ...place]);
    await completes(`rerail artifact get --subject ${subject} rep`, 'report.txt');
  });

  it('completes processes of this host', async () => {
    await completes(`rerail process show ${own('proc').slice(0, -2)}`, own('proc'));
  });

  it.skipIf(skipWithoutTmux)('completes sessions, and none whose name the shell would carry out', async () => {
    tmux = await createTmuxServer();
    const trap = path.join(cli.root, 'carried-out');
    await tmux.start(own('work'));
    await tmux.start(`work-$(touch '${trap}')`);
    const asked = `rerail session show --socket ${tmux.socket} `;
    await completes(`${asked}work-`, own('work'));
    await expect(access(trap)).rejects.toThrow();
  });
});
