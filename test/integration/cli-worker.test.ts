import type { ChildProcess } from 'node:child_process';
import { chmod, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { PlanSchema } from '../../src/domain/plan.schema.ts';
import { ledgerId, recoveryId } from '../../src/domain/wire-names.ts';
import { stopChild, useCli } from '../support/cli.ts';
import { until } from '../support/harness.ts';

const cli = useCli();
const { rerail, json, exists, resultOf, file, pipeline, startWorker } = cli;

describe('with a worker', () => {
  let worker: ChildProcess;
  let workspace: string;
  let count = 0;
  beforeAll(async () => {
    worker = await startWorker();
  });
  afterAll(() => stopChild(worker));
  beforeEach(async () => {
    workspace = path.join(cli.root, `workspace-${++count}`);
    await mkdir(path.join(workspace, 'src'), { recursive: true });
    await writeFile(path.join(workspace, 'src', 'app.txt'), 'good\n');
    await writeFile(path.join(workspace, 'run.sh'), '#!/bin/sh\n');
    await chmod(path.join(workspace, 'run.sh'), 0o750);
  });

  const at = (name: string): string => path.join(workspace, name);
  const read = (name: string): Promise<string> => readFile(at(name), 'utf8');
  const target = (name: string): string => `cli/${name}-${count}-${cli.unique}`;

  interface Listed {
    info: { id: string; name: string; type: string; subject: string; tags: string[] };
    state: string;
  }

  it('saves a directory, shows what a restore would change, refuses without --yes, restores, and undoes that', async () => {
    const subject = target('files');
    const made = await json<Listed>([
      'checkpoint',
      'create',
      '--root',
      workspace,
      '--subject',
      subject,
      '--name',
      'before',
      '--tag',
      'keep',
    ]);
    expect(made).toMatchObject({
      state: 'complete',
      info: { subject, name: 'before', type: 'manual', tags: ['keep'] },
    });
    const { id } = made.info;
    const listed = await json<Listed[]>(['checkpoint', 'list', '--subject', subject]);
    expect(listed.map(({ info }) => info.id)).toEqual([id]);
    const everywhere = await until(
      async () => (await json<Listed[]>(['list', '--tag', 'keep'])).find(({ info }) => info.id === id),
      'the checkpoint in the list of all',
    );
    expect(everywhere.info.subject).toBe(subject);
    expect(await json<Listed>(['checkpoint', 'show', id])).toMatchObject({ info: { id }, state: 'complete' });
    const { stdout: shown } = await rerail(['checkpoint', 'show', 'latest', '--subject', subject]);
    expect(shown).toContain(`${id} of ${subject}: `);
    expect(shown).toMatch(/files +2, /);
    expect(await json<Listed>(['checkpoint', 'verify', id, '--subject', subject])).toMatchObject({
      state: 'complete',
      verifyLevel: 'full',
    });

    await writeFile(at('src/app.txt'), 'bad\n');
    await rm(at('run.sh'));
    await writeFile(at('stray.txt'), 'stray\n');
    const dry = await json<{ plan: { hash: string; changes: { change: string; path: string }[] } }>([
      'restore',
      id,
      '--subject',
      subject,
      '--dry-run',
    ]);
    expect(dry.plan.changes.map(({ change, path: name }) => `${change} ${name}`).sort()).toEqual([
      'create run.sh',
      'delete stray.txt',
      'replace src/app.txt',
    ]);
    expect(await read('src/app.txt')).toBe('bad\n');

    const refused = await rerail(['restore', id, '--subject', subject]);
    expect(refused).toMatchObject({ code: EXIT.approval, stdout: '' });
    expect(refused.stderr).toContain(`--yes --plan-hash ${dry.plan.hash.slice(0, 12)}`);
    const other = await rerail(['restore', id, '--subject', subject, '--yes', '--plan-hash', '0000000000']);
    expect(other.code).toBe(EXIT.invalid);
    expect(other.stderr).toMatch(/plan-hash-mismatch[\s\S]*--dry-run/);
    expect(await read('src/app.txt')).toBe('bad\n');

    const restored = await rerail([
      'restore',
      id,
      '--subject',
      subject,
      '--yes',
      '--plan-hash',
      dry.plan.hash.slice(0, 12),
    ]);
    expect(restored.code).toBe(EXIT.done);
    expect([await read('src/app.txt'), (await stat(at('run.sh'))).mode & 0o777]).toEqual(['good\n', 0o750]);
    await expect(read('stray.txt')).rejects.toThrow('ENOENT');

    const undo = /Undo: rerail (undo --subject \S+ --yes)/.exec(restored.stdout);
    expect((await rerail((undo?.[1] ?? '').split(' '))).code).toBe(EXIT.done);
    expect([await read('src/app.txt'), await read('stray.txt')]).toEqual(['bad\n', 'stray\n']);
    await expect(read('run.sh')).rejects.toThrow('ENOENT');
  });

  it('says which checkpoints and caches a clean-up would remove, and removes none', async () => {
    const subject = target('cleanup');
    await json(['checkpoint', 'create', '--root', workspace, '--subject', subject]);
    const last = await json<Listed>(['checkpoint', 'create', '--root', workspace, '--subject', subject]);
    const words = ['cleanup', '--root', workspace, '--subject', subject, '--keep-last', '0', '--older-than', '0s'];
    const dry = await json<{
      dryRun: boolean;
      caches: { removed: string[] };
      checkpoints: { subject: string; removed: string[]; kept: { id: string }[] }[];
    }>([...words, '--dry-run']);
    expect(dry).toMatchObject({
      dryRun: true,
      caches: { removed: [] },
      checkpoints: [{ subject, kept: [{ id: last.info.id }] }],
    });
    expect(dry.checkpoints[0]?.removed).toHaveLength(1);
    expect(await json(words)).toMatchObject({ dryRun: true });
    expect(await json<Listed[]>(['checkpoint', 'list', '--subject', subject])).toHaveLength(2);
    expect(await json([...words, '--yes'])).toMatchObject({ dryRun: false });
    expect((await json<Listed[]>(['checkpoint', 'list', '--subject', subject])).map(({ info }) => info.id)).toEqual([
      last.info.id,
    ]);
  });

  it('checks a workspace, and fails where a file is missing', async () => {
    const { ok, checks } = await json<{ ok: boolean; checks: { name: string; level: string; remedy?: string }[] }>([
      'validate',
      '--root',
      workspace,
      '--file',
      'run.sh',
    ]);
    expect(ok).toBe(true);
    expect(checks.map(({ name }) => name)).toEqual([
      'file run.sh',
      'git',
      'dependencies',
      'attributes',
      'configuration',
      'checkpoints',
    ]);
    expect(checks.find(({ name }) => name === 'git')).toMatchObject({
      level: 'warning',
      remedy: expect.stringContaining('git init') as string,
    });
    const bad = await json<{ ok: boolean; checks: object[] }>(
      ['validate', '--root', workspace, '--file', 'gone.txt'],
      EXIT.invalid,
    );
    expect(bad.ok).toBe(false);
    expect(bad.checks[0]).toMatchObject({
      name: 'file gone.txt',
      level: 'error',
      remedy: expect.stringContaining('rerail restore') as string,
    });
  });

  it('examines server and workers', async () => {
    const { ok, checks } = await until(async () => {
      const found = await json<{ ok: boolean; checks: { name: string; level: string; found: string }[] }>(['doctor']);
      return found.checks.every(({ level }) => level !== 'warning') && found;
    }, 'both queues to be polled');
    expect(ok).toBe(true);
    expect(checks.map(({ name, level }) => [name, level])).toEqual(
      [
        'Temporal',
        'search attributes',
        'worker for workflows',
        `worker for host cli-${cli.unique}`,
        'clock',
        `host cli-${cli.unique}`,
        'care of the store',
        'data directory',
        'checkpoint store',
      ].map((name) => [name, 'ok']),
    );
    const down = await rerail(['doctor', '--address', '127.0.0.1:1', '-o', 'json']);
    expect(down.code).toBe(EXIT.unreachable);
    expect(JSON.parse(down.stdout)).toMatchObject({
      ok: false,
      checks: [
        { name: 'Temporal', level: 'error', remedy: expect.stringContaining('rerail up') as string },
        { level: 'ok' },
        { level: 'ok' },
      ],
    });
  });

  it('runs a pipeline, in text and as one JSON document', async () => {
    const name = await file(
      `ok-${count}/tiny.yaml`,
      pipeline('tiny', `    - {name: build, steps: [{name: hello, run: [node, -e, "console.log('hi')"]}]}\n`),
    );
    expect(await json<{ pipeline: object }>(['run', name, '--dry-run'])).toMatchObject({
      pipeline: { metadata: { name: 'tiny' } },
      workspace: path.dirname(name),
    });
    const report = await json<{ status: string; workflowId: string }>(['run', name, '--key', cli.unique]);
    expect(report).toMatchObject({
      status: 'succeeded',
      workflowId: `run/tiny/${cli.unique}`,
      steps: [{ status: 'succeeded' }],
    });
    const text = await rerail(['run', name]);
    expect(text.code).toBe(EXIT.done);
    expect(text.stdout).toMatch(/succeeded/);
    const lines = (await rerail(['run', name, '-o', 'jsonl'])).stdout.trim().split('\n');
    expect(lines.map((line) => JSON.parse(line) as { event?: string; status: string }).at(-1)).toMatchObject({
      status: 'succeeded',
    });
  });

  it('ends with 3 when a run could not be recovered, and undoes what it did', async () => {
    const steps = `[{name: make, run: [touch, made], compensate: [rm, made]}, {name: break, run: [node, -e, "process.exit(9)"]}]`;
    const name = await file(
      `broken-${count}/broken.yaml`,
      pipeline('broken', `    - {name: build, steps: ${steps}}\n`),
    );
    const report = await json<{ recoveries: { recoveryId: string; recoveryRunId: string }[] }>(
      ['run', name, '--playbook', 'give-up'],
      EXIT.unrecovered,
    );
    expect(report).toMatchObject({
      status: 'failed',
      steps: [{ status: 'compensated' }, { status: 'failed' }],
      recoveries: [{ status: 'escalated' }],
      compensations: [{ ok: true }],
    });
    await expect(stat(path.join(path.dirname(name), 'made'))).rejects.toThrow('ENOENT');
    expect(await json(['recovery', 'show', report.recoveries[0]!.recoveryId])).toMatchObject({
      status: 'escalated',
      failure: { exitCode: 9 },
    });
  });

  const recover = (name: string, playbook: string): string[] => [
    'recover',
    '--target',
    target(name),
    '--message',
    'it broke',
    '--playbook',
    playbook,
  ];

  it('recovers a command and waits for the end', async () => {
    await writeFile(
      at('try.mjs'),
      `import { appendFileSync } from 'node:fs'; appendFileSync('tries.log', process.argv[2] + '\\n');`,
    );
    const words = [
      ...recover('command', 'again'),
      '--wait',
      '--workspace',
      workspace,
      '-o',
      'json',
      '--',
      'node',
      'try.mjs',
      '--fast',
    ];
    const ended = await rerail(words);
    expect(ended.code).toBe(EXIT.done);
    expect(JSON.parse(ended.stdout)).toMatchObject({
      status: 'recovered',
      resolvedBy: 'retry',
      target: target('command'),
    });
    expect(ended.stderr).toContain(`Started recovery/${target('command')}`);
    expect(await read('tries.log')).toBe('--fast\n');
  });

  it('ends with 3 when a recovery escalates, and with 124 when it does not end in time', async () => {
    expect(await json([...recover('escalates', 'give-up'), '--wait'], EXIT.unrecovered)).toMatchObject({
      status: 'escalated',
    });
    const late = await rerail([...recover('late', 'ask'), '--wait', '--timeout', '1ms']);
    expect(late.code).toBe(EXIT.timeout);
    expect(late.stderr).toContain(`rerail recovery watch recovery/${target('late')}`);
  });

  const open = async (name: string, playbook: string, waitsFor: string): Promise<string> => {
    await writeFile(at('fine.mjs'), '');
    const words = [...recover(name, playbook), '--workspace', workspace, '-o', 'json', '--', 'node', 'fine.mjs'];
    const { code, stdout, stderr } = await rerail(words);
    if (code !== EXIT.done) throw new Error(stderr);
    const { workflowId, joined } = JSON.parse(stdout) as { workflowId: string; joined: boolean };
    expect([workflowId, joined]).toEqual([recoveryId(target(name)), false]);
    await until(
      async () =>
        (await json<{ waitingFor?: { key: string } }>(['recovery', 'show', workflowId])).waitingFor?.key === waitsFor,
      `the wait for ${waitsFor}`,
    );
    return workflowId;
  };

  it('joins the open recovery of a target and says so', async () => {
    const id = await open('joined', 'ask', 'manual:fix');
    const second = await rerail(['recover', '--target', target('joined'), '--message', 'and again']);
    expect(second.code).toBe(EXIT.done);
    expect(second.stdout).toContain(`Joined ${id}`);
    expect(await json(['recovery', 'show', id])).toMatchObject({ joined: 1 });
    const cancelled = await rerail(['recovery', 'cancel', id, '--yes']);
    expect(cancelled).toMatchObject({ code: EXIT.done, stdout: expect.stringContaining('is stopping') as string });
    expect(await json(['recovery', 'watch', id], EXIT.unrecovered)).toMatchObject({
      status: 'cancelled',
      joined: [{ message: 'and again' }],
    });
  });

  it('lists those that wait first, and completes a manual step', async () => {
    const id = await open('manual', 'ask', 'manual:fix');
    const row = await until(
      async () =>
        (
          await json<{ workflowId: string; status: string }[]>(['recovery', 'list', '--status', 'awaiting_operator'])
        ).find(({ workflowId }) => workflowId === id),
      'it in the list',
    );
    expect(row).toMatchObject({ status: 'awaiting_operator', waitingFor: 'manual:fix', playbook: 'ask' });
    const wrong = await rerail(['recovery', 'complete', id, 'retry', '--by', 'ada']);
    expect(wrong.code).toBe(EXIT.approval);
    expect(wrong.stderr).toMatch(/decision-refused[\s\S]*rerail recovery show/);
    expect(
      (
        await rerail([
          'recovery',
          'complete',
          id,
          'fix',
          '--by',
          'ada',
          '--reason',
          'mended',
          '--output-json',
          '{"port": 1}',
        ])
      ).code,
    ).toBe(EXIT.done);
    const report = await json<{ actions: { output: unknown }[] }>(['recovery', 'watch', id]);
    expect(report).toMatchObject({
      status: 'recovered',
      actions: [{ output: { by: 'ada', note: 'mended', output: { port: 1 } } }, { status: 'succeeded' }],
    });
  });

  it('approves the plan that was seen and no other', async () => {
    const id = await open('approved', 'approved', 'approval');
    const plan = PlanSchema.parse(await json(['recovery', 'show', id, '--plan']));
    const wrong = await rerail(['recovery', 'approve', id, '--plan-hash', 'deadbeef', '--by', 'ada']);
    expect(wrong).toMatchObject({ code: EXIT.approval, stdout: '' });
    expect(wrong.stderr).toMatch(/approval-refused[\s\S]*planHash[\s\S]*rerail recovery show/);
    const short = await rerail(['recovery', 'approve', id, '--plan-hash', 'dead', '--by', 'ada']);
    expect(short.code).toBe(EXIT.usage);
    expect(await json(['recovery', 'show', id])).toMatchObject({ status: 'awaiting_approval' });
    expect(
      await json(['recovery', 'approve', id, '--plan-hash', plan.hash.slice(0, 8), '--by', 'ada', '--reason', 'fine']),
    ).toMatchObject({ workflowId: id });
    const watched = await rerail(['recovery', 'watch', id]);
    expect(watched.code).toBe(EXIT.done);
    expect(watched.stdout).toContain('approved by ada');
    expect(await json(['recovery', 'show', id])).toMatchObject({
      status: 'recovered',
      approvals: [{ by: 'ada', reason: 'fine', planHash: plan.hash }],
    });
    expect((await json<{ kind: string }[]>(['recovery', 'show', id, '--timeline'])).map(({ kind }) => kind)).toContain(
      'approval',
    );
  });

  it('denies a plan: exit code 5 for who waits, and nothing was done', async () => {
    const id = await open('denied', 'approved', 'approval');
    expect((await rerail(['recovery', 'deny', id, '--by', 'ada', '--reason', 'not at night'])).code).toBe(EXIT.done);
    expect(await json(['recovery', 'watch', id], EXIT.approval)).toMatchObject({
      status: 'failed',
      actions: [{ status: 'cancelled', attempts: [] }],
    });
  });
});

describe('a worker that is killed in the middle of a command', () => {
  let worker: ChildProcess | undefined;
  afterEach(() => stopChild(worker));

  it('is replaced by another, which finishes the command without running it again', async () => {
    const env = { RERAIL_HOST: `killed-${cli.unique}`, RERAIL_DATA_DIR: path.join(cli.root, 'killed-data') };
    const script = `import { appendFileSync, existsSync } from 'node:fs';
appendFileSync('effects.log', 'started\\n');
const look = setInterval(() => {
  if (!existsSync('go')) return;
  appendFileSync('effects.log', 'finished\\n');
  clearInterval(look);
}, 20);
`;
    await file('killed/step.mjs', script);
    const name = await file(
      'killed/killed.yaml',
      pipeline('killed', '    - {name: build, steps: [{name: slow, run: [node, step.mjs]}]}\n'),
    );
    const effects = () => readFile(path.join(cli.root, 'killed', 'effects.log'), 'utf8').catch(() => '');
    worker = await startWorker(env);
    const started = await rerail(['run', name, '--detach', '--key', cli.unique, '-o', 'json'], { env });
    const { workflowId } = JSON.parse(started.stdout) as { workflowId: string };
    await until(async () => (await effects()) === 'started\n', 'the command');
    await stopChild(worker, 'SIGKILL');
    worker = await startWorker(env);
    await writeFile(path.join(cli.root, 'killed', 'go'), '');
    const report = await resultOf(workflowId);
    expect(report).toMatchObject({
      status: 'succeeded',
      recoveries: [],
      steps: [{ status: 'succeeded', attempts: 1 }],
    });
    expect(await effects()).toBe('started\nfinished\n');
    expect(await exists(ledgerId(workflowId))).toBe(true);
  });
});
