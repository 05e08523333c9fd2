import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, symlink } from 'node:fs/promises';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest';
import { createRecoveryClient, type RecoveryClient } from '../../src/client/recovery-client.ts';
import { draftDrill } from '../../src/cli/commands/drill-from.ts';
import { lintDefinitions } from '../../src/config/lint-definitions.ts';
import { findDrills } from '../../src/config/load-drills.ts';
import { findCommand } from '../../src/process/find-command.ts';
import { DrillSpecSchema } from '../../src/domain/drill.schema.ts';
import type { DrillReport } from '../../src/domain/drill.ts';
import { stopChild, useCli } from '../support/cli.ts';
import { skipWithoutTmux } from '../support/tmux-server.ts';
import { until } from '../support/until.ts';

const playbook = (name: string, actions: string): string => `apiVersion: rerail/v1
kind: Playbook
metadata: {name: ${name}}
spec:
  match: [{code: ${name.toUpperCase()}}]
  actions:
${actions}  verify: {within: 300ms, holdFor: 0s}
`;

const ROLLBACK = '    - {id: rollback, type: rollback, to: latest}\n';
const AGAIN = '    - {id: again, type: retry, retry: {initialInterval: 1ms}}\n';

const PLAYBOOKS = [
  playbook('drill-mends', ROLLBACK + AGAIN),
  playbook('drill-drops', AGAIN),
  playbook('drill-lies', '    - {id: again, type: retry, operation: {kind: command, argv: ["true"]}}\n'),
  playbook('drill-skips', '    - {id: skip, type: skip}\n'),
  playbook('drill-waits', ROLLBACK + '    - {id: look, type: manual, title: Look, timeout: 1h}\n' + AGAIN),
  playbook('drill-parks', '    - {id: settle, type: wait, for: 1h}\n' + AGAIN),
].join('---\n');

const cli = useCli();
let worker: ChildProcess;
let connection: Connection;
let recoveries: RecoveryClient;

beforeAll(async () => {
  await cli.file('playbooks/drills.yaml', PLAYBOOKS);
  connection = await Connection.connect({ address: inject('serverAddress') });
  recoveries = createRecoveryClient({ client: new Client({ connection }), taskQueue: `cli-${cli.unique}` });
  worker = await cli.startWorker();
});
afterAll(async () => {
  await stopChild(worker);
  await connection.close();
});

/** A file that has to say "good", checked by a command; `mended` is what the playbook under test is called. */
const start = (mended: string, more: object = {}, host = `cli-${cli.unique}`) =>
  recoveries.drills.start({
    name: mended,
    host,
    spec: DrillSpecSchema.parse({
      playbook: mended,
      sandbox: { files: { 'state.txt': 'good\n', 'other/deep.txt': 'kept\n' } },
      steadyState: [{ name: 'state', command: { argv: ['grep', '-q', 'good', 'state.txt'] } }],
      checkpoint: true,
      faults: [{ type: 'writeFile', path: 'state.txt', content: 'bad\n' }],
      failure: {
        code: mended.toUpperCase(),
        operation: { kind: 'command', argv: ['grep', '-q', 'good', 'state.txt'] },
      },
      objectives: { rto: '60s', rpo: '60s' },
      hold: '200ms',
      settle: '2s',
      ...more,
    }),
  });

/** Of a program that fails in this way unless the state is good. */
const mayFail = ([, , script]: string[]): string =>
  `import { readFileSync } from 'node:fs';\nif (!readFileSync('state.txt', 'utf8').includes('good')) { ${script} }\n`;

const drills = (): Promise<string[]> => readdir(`${cli.root}/data/drills`).catch(() => []);
const run = async (mended: string, more?: object): Promise<DrillReport> => (await start(mended, more)).result();

describe('a drill', () => {
  it('passes a playbook that helps, with times and without a loss, and leaves nothing', async () => {
    const report = await run('drill-mends', { expect: { actions: ['rollback', 'again'] } });
    expect(report).toMatchObject({ verdict: 'passed', problems: [], healthy: true, held: true, left: [] });
    expect(report.items).toEqual({ count: 2, lost: [] });
    expect(report.recovery).toMatchObject({ status: 'recovered', playbook: 'drill-mends', verified: true });
    expect(report.broken.map(({ passed }) => passed)).toEqual([false]);
    const { t0 = '', t1 = '', t2 = '', t3 = '', t4 = '', t5 = '' } = report.times;
    const inOrder = [t0, t1, t2, t3, t4, t5];
    expect(inOrder).toEqual([...inOrder].sort());
    expect(report.durations.ttrMs).toBeGreaterThan(200);
    expect(await drills()).toEqual([]);
  });

  it.each([
    // The step that helps is gone.
    ['drill-drops', 'instead of recovered'],
    // What helps is only said to have helped.
    ['drill-lies', 'instead of recovered'],
    ['drill-skips', 'instead of recovered'],
  ])('fails a playbook that was broken: %s', async (name, why) => {
    const report = await run(name, { objectives: { rto: '1s' } });
    expect(report).toMatchObject({ verdict: 'failed', healthy: false });
    expect(report.problems.join()).toContain(why);
    expect(report.items.lost).toEqual(['state.txt has changed']);
    expect(await drills()).toEqual([]);
  });

  it('gives the answers of a person that it provides for, and counts the wait apart', async () => {
    const report = await run('drill-waits', { answers: { manual: 'done' } });
    expect(report).toMatchObject({ verdict: 'passed' });
    expect(report.durations.humanWaitMs).toBeGreaterThan(0);
  });

  it('says nothing where the fault has no effect, or nothing was well before it', async () => {
    const without = await run('drill-mends', { faults: [{ type: 'writeFile', path: 'other/new.txt', content: 'x' }] });
    expect(without).toMatchObject({ verdict: 'invalid' });
    expect(without.problems[0]).toContain('no effect');
    const never = await run('drill-mends', { steadyState: [{ name: 'never', command: { argv: ['false'] } }] });
    expect(never.problems[0]).toContain('does not hold before the fault');
    expect(never.recovery).toBeUndefined();
  });

  it('says what to install where its host lacks a program', async () => {
    const programs = `${cli.root}/programs`;
    await mkdir(programs);
    for (const name of ['git', 'grep', 'node']) await symlink(await findCommand(name, '/'), `${programs}/${name}`);
    const host = `bare-${cli.unique}`;
    const bare = await cli.startWorker({ PATH: programs, RERAIL_HOST: host, RERAIL_DATA_DIR: `${cli.root}/bare` });
    onTestFinished(() => stopChild(bare));
    const handle = await start('drill-mends', { faults: [{ type: 'cpuExhaustion', limit: '5s' }] }, host);
    expect(await handle.result()).toMatchObject({
      verdict: 'invalid',
      problems: [
        'this drill needs stress-ng, which is not installed. ' +
          'Install it (Debian: apt-get install stress-ng) on the host of the worker.',
      ],
    });
    expect(await readdir(`${cli.root}/bare/drills`)).toEqual([]);
  });

  it('takes everything back when it is cancelled or lasts too long', async () => {
    const sleeper = { name: 'sleeper', argv: ['sleep', '600'] };
    const sandbox = { files: { 'state.txt': 'good\n' }, processes: [sleeper] };
    const handle = await start('drill-parks', { sandbox });
    const open = recoveries.getHandle(handle.workflowId);
    await until(() => open.isOpen().catch(() => false), 'its recovery');
    const [folder = ''] = await drills();
    const { pid } = JSON.parse(await readFile(`${cli.root}/data/drills/${folder}/pids/sleeper.json`, 'utf8')) as {
      pid: number;
    };
    expect(existsSync(`/proc/${pid}`)).toBe(true);
    await handle.cancel();
    expect(await handle.result()).toMatchObject({ verdict: 'aborted', problems: ['it was cancelled'], left: [] });
    expect(await open.report()).toMatchObject({ status: 'cancelled' });
    expect(existsSync(`/proc/${pid}`)).toBe(false);
    expect(await drills()).toEqual([]);
    const late = await run('drill-parks', { deadline: '3s' });
    expect(late).toMatchObject({ verdict: 'aborted', problems: ['it was not over within 3s'] });
  });

  it('cleans up when its worker was killed in the middle', async () => {
    const sandbox = { files: { 'state.txt': 'good\n' }, processes: [{ name: 'sleeper', argv: ['sleep', '600'] }] };
    const handle = await start('drill-parks', { sandbox });
    const open = recoveries.getHandle(handle.workflowId);
    await until(() => open.isOpen().catch(() => false), 'its recovery');
    await stopChild(worker, 'SIGKILL');
    await handle.cancel();
    worker = await cli.startWorker();
    expect(await handle.result()).toMatchObject({ verdict: 'aborted', left: [] });
    expect(await drills()).toEqual([]);
  });
});

describe('a drill from a recovery', () => {
  it('fails as that did, and passes where it goes as it went then', async () => {
    const failing = [
      'node',
      '-e',
      'console.error("token=ghp_0123456789abcdefghijABCDEFGHIJ012345 BOOM"); process.exit(3)',
    ];
    const first = await run('drill-mends', {
      sandbox: { files: { 'state.txt': 'good\n', 'try.mjs': mayFail(failing) } },
      failure: { code: 'DRILL-MENDS', operation: { kind: 'command', argv: ['node', 'try.mjs'] } },
    });
    expect(first).toMatchObject({ verdict: 'passed' });
    const report = await recoveries.getHandle(first.workflowId).report();
    const { text, notes } = draftDrill(report);
    expect(text).toContain('BOOM');
    expect(text).not.toContain('ghp_');
    expect(notes.join()).toContain('the restore of the checkpoint takes it away');
    const file = await cli.file('again.yaml', text);
    expect((await lintDefinitions([file], () => true)).findings).toEqual([]);
    const [again] = await findDrills([file]);
    if (!again) throw new Error('no drill');
    expect(again.spec).toMatchObject({ playbook: 'drill-mends', expect: { actions: ['rollback', 'again'] } });
    const handle = await recoveries.drills.start({
      name: again.metadata.name,
      host: `cli-${cli.unique}`,
      spec: again.spec,
    });
    const second = await handle.result();
    expect(second).toMatchObject({ verdict: 'passed', problems: [] });
    const { failure } = await recoveries.getHandle(second.workflowId).report();
    expect(failure).toMatchObject({ exitCode: 3, message: report.failure.message, code: 'DRILL-MENDS' });
    expect(failure.stderr).toContain('BOOM');
  });
});

it('is shown by its trend, its schedule and the mark of its playbook', async () => {
  const trend = await until(async () => {
    const { code, stdout } = await cli.rerail(['-o', 'json', 'drill', 'trend', 'drill-mends']);
    return code === 0 && (JSON.parse(stdout) as { verdict: string }[]).find(({ verdict }) => verdict === 'passed');
  }, 'the trend');
  expect(trend).toMatchObject({ name: 'drill-mends', playbook: 'drill-mends' });
  const listed = await cli.json<{ name: string; drill: { state: string } }[]>(['playbook', 'list']);
  const states = new Map(listed.map(({ name, drill }) => [name, drill.state]));
  expect([states.get('drill-mends'), states.get('drill-lies')]).toEqual(['passed', 'none']);
  const away = ['--address', '127.0.0.1:1', 'playbook', 'list'];
  const unknown = await cli.json<{ drill: { state: string } }[]>(away);
  expect(new Set(unknown.map(({ drill }) => drill.state))).toEqual(new Set(['unknown']));
  const made = await cli.json<object>(['drill', 'schedule', '--cron', '0 4 * * *', '--pause', 'git-lock']);
  expect(made).toMatchObject({ names: ['git-lock'], definitions: [], paused: true, times: { cron: '0 4 * * *' } });
  const refused = await cli.rerail(['drill', 'schedule', '--cron', '0 4 * * *', '--every', '1h']);
  expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('--cron and --every') });
  expect(await cli.json<object>(['drill', 'schedule', '--when', 'off'])).toMatchObject({ done: 'removed' });
  expect((await cli.rerail(['drill', 'schedule'])).code).toBe(6);
  const { undo, undoTotal } = await cli.json<{ undo: { percent: number }[]; undoTotal: { percent: number } }>([
    'playbook',
    'lint',
  ]);
  expect([undo.length > 0, undoTotal.percent]).toEqual([true, 100]);
});

it('does not count as what has broken by itself', async () => {
  await until(async () => (await recoveries.listRecoveries({ playbook: 'drill-mends' })).length > 0, 'its recovery');
  const { groups } = await recoveries.knowledge.statistics();
  expect(groups.map(({ key }) => key)).not.toContain('drill-mends');
});

describe('the built-in drills', async () => {
  // All of them are run by `rerail drill run`.
  const builtin = (await findDrills()).filter(({ metadata }) => metadata.labels['suite'] === 'short');
  it.each(builtin.map(({ metadata, spec }) => ({ name: metadata.name, spec })))(
    '$name passes',
    async ({ name, spec }) => {
      const handle = await recoveries.drills.start({ name, host: `cli-${cli.unique}`, spec });
      expect(await handle.result()).toMatchObject({ verdict: 'passed', problems: [] });
    },
  );

  it.skipIf(skipWithoutTmux).each(['session-crashed', 'session-corrupted'])(
    '%s says how old the state was that came back',
    async (name) => {
      const spec = (await findDrills()).find(({ metadata }) => metadata.name === name)?.spec;
      if (!spec) throw new Error(`there is no drill ${name}`);
      const handle = await recoveries.drills.start({ name, host: `cli-${cli.unique}`, spec });
      const { verdict, durations } = await handle.result();
      expect(verdict).toBe('passed');
      expect(durations.checkpointAgeMs).toBeGreaterThan(0);
    },
  );

  it('are listed with what they measured', async () => {
    const passed = await until(async () => {
      const named = ['drill', 'list', '--name', 'test-failure-standard'];
      const listed = await cli.json<{ verdict: string; ttrMs: number | null }[]>(named);
      // Other suites run drills of this name beside this one; theirs may still be under way.
      return listed.find(({ verdict }) => verdict === 'passed');
    }, 'the list');
    expect(passed.ttrMs).toBeGreaterThan(0);
  });
});
