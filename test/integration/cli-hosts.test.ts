import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { stopChild, useCli } from '../support/cli.ts';
import { createTmuxServer, skipWithoutTmux } from '../support/tmux-server.ts';
import { until } from '../support/until.ts';

const cli = useCli();
const host = (): string => `cli-${cli.unique}`;
const subject = (): string => `workspace/cli-${cli.unique}`;
const inRoot = (...names: string[]): string => path.join(cli.root, ...names);
const REASON = ['--reason', 'the disk is replaced'];

let worker: ChildProcess;
let checkpoint: string;

async function done(...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await cli.rerail(words);
  if (code !== EXIT.done) throw new Error(`rerail ${words.join(' ')} ended with ${code}: ${stderr}`);
  return stdout;
}

/** It says who drained the host, why, and what to do about it. */
async function expectRefusal(...words: string[]): Promise<void> {
  const { code, stderr } = await cli.rerail(words);
  expect({ code, stderr }).toEqual({ code: EXIT.invalid, stderr: expect.stringContaining('host-drained') });
  expect(stderr).toContain('ada drained it');
  expect(stderr).toContain('the disk is replaced');
  expect(stderr).toContain(`rerail host undrain ${host()}`);
}

beforeAll(async () => {
  const component = {
    ...{ apiVersion: 'rerail/v1', kind: 'Component', metadata: { name: 'web' } },
    spec: { target: `service/${cli.unique}`, process: { argv: ['sleep', '100000'], cwd: cli.root } },
  };
  await cli.file('playbooks/web.yaml', JSON.stringify(component));
  await cli.file(
    'touch.yaml',
    cli.pipeline('touch', '    - {name: one, steps: [{name: touch, run: [touch, made.txt]}]}\n'),
  );
  await mkdir(inRoot('tree'));
  await writeFile(inRoot('tree', 'a.txt'), 'good');
  worker = await cli.startWorker();
  const created = ['checkpoint', 'create', '--subject', subject(), '--root', inRoot('tree')];
  checkpoint = (await cli.json<{ info: { id: string } }>(created)).info.id;
  await writeFile(inRoot('tree', 'a.txt'), 'bad');
});
afterAll(async () => {
  await cli.rerail(['process', 'stop', 'web', '--yes']);
  await stopChild(worker);
});

describe('a host that is drained', () => {
  const restore = () => ['restore', checkpoint, '--subject', subject(), '--yes'];
  const run = (key: string) => ['run', inRoot('touch.yaml'), '--workspace', inRoot('work'), '--key', key];
  const isRunning = async (): Promise<boolean> =>
    (await cli.json<{ state: string }>(['process', 'show', 'web'])).state === 'running';

  beforeAll(async () => {
    await mkdir(inRoot('work'));
    await done('host', 'drain', host(), '--by', 'ada', ...REASON);
  });

  it('refuses a restore of its own checkpoint, named or not, and says what it would do', async () => {
    await expectRefusal(...restore());
    await expectRefusal(...restore(), '--host', host());
    expect(await readFile(inRoot('tree', 'a.txt'), 'utf8')).toBe('bad');
    expect(await done('restore', checkpoint, '--subject', subject(), '--dry-run')).toContain('1 changes');
  });

  it('refuses a run, which does not begin', async () => {
    await expectRefusal(...run('drained'));
    expect(await cli.exists('run/touch/drained')).toBe(false);
    expect(existsSync(inRoot('work', 'made.txt'))).toBe(false);
  });

  it('refuses to start a process', async () => {
    await expectRefusal('process', 'start', 'web');
    expect(await isRunning()).toBe(false);
  });

  it.skipIf(skipWithoutTmux)('refuses to capture a session, and to make one again', async () => {
    const server = await createTmuxServer();
    const own = ['--socket', server.socket, '--subject', `session/${cli.unique}`];
    try {
      await server.start('work');
      await expectRefusal('session', 'capture', 'work', ...own);
      await expectRefusal('session', 'restore', 'work', ...own, '--yes');
    } finally {
      await server.stop();
    }
  });

  it('does all of it once it takes work again', async () => {
    await done('host', 'undrain', host(), ...REASON);
    await done(...restore());
    expect(await readFile(inRoot('tree', 'a.txt'), 'utf8')).toBe('good');
    await done(...run('again'));
    expect(existsSync(inRoot('work', 'made.txt'))).toBe(true);
    await done('process', 'start', 'web');
    await until(isRunning, 'the process');
  });
});
