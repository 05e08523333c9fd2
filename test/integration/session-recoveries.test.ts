import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { listenerOf, statOf } from '../../src/process/proc.ts';
import { childOf, stopProcess } from '../support/processes.ts';
import { createSessionWorld, type SessionWorld } from '../support/session-world.ts';
import { skipWithoutTmux, type TmuxServer } from '../support/tmux-server.ts';
import { until } from '../support/until.ts';

/** An agent that does one step for each line of input, and goes on from its transcript. */
const AGENT = `
const fs = require('node:fs');
const [tree, transcript] = process.argv.slice(2);
const done = fs.existsSync(transcript) ? fs.readFileSync(transcript, 'utf8').split('\\n').filter(Boolean).length : 0;
console.log('agent goes on after step ' + done);
let step = done;
process.stdin.on('data', () => {
  step += 1;
  fs.writeFileSync(tree + '/step-' + step, 'made');
  fs.appendFileSync(transcript, 'step ' + step + '\\n');
  console.log('done step ' + step);
});
`;

/** What brings the session back works; what comes after it does not. */
const undone = (name: string, procedure: string): string => `apiVersion: rerail/v1
kind: Playbook
metadata: {name: ${name}}
spec:
  match: [{code: NEVER-MATCHED}]
  mode: auto
  actions:
    - {id: bring-back, type: run, timeout: 20s, run: {procedure: ${procedure}}}
    - {id: again, type: retry, operation: {kind: command, argv: ["false"]}, retry: {maximumAttempts: 1}}
    - {id: call, type: escalate}
`;

describe.skipIf(skipWithoutTmux)('sessions that fail, with the built-in playbooks', () => {
  let world: SessionWorld;
  let server: TmuxServer;
  let tree: string;
  let transcript: string;

  beforeAll(async () => {
    world = await createSessionWorld({
      sessions: ({ folder, socket }) => ({
        work: {},
        stuck: { killServer: true },
        desk: { client: { argv: ['script', '-qfc', `tmux -S ${socket} attach -t desk`, '/dev/null'] } },
        agent: {
          agent: { workspace: join(folder, 'tree'), transcript: [join(folder, 'transcript.log')] },
          run: [[process.execPath, join(folder, 'agent.cjs'), '*']],
        },
      }),
      playbooks: [undone('remake-in-vain', 'recreate-session'), undone('repair-in-vain', 'repair-session')],
    });
    server = world.server;
    tree = join(server.folder, 'tree');
    transcript = join(server.folder, 'transcript.log');
    await mkdir(tree);
    await writeFile(join(server.folder, 'agent.cjs'), AGENT);
  });
  afterEach(() => server.kill());
  afterAll(() => world.stop());

  const report = (...given: Parameters<SessionWorld['report']>) => world.report(...given);
  const recover = (...given: Parameters<SessionWorld['recover']>) => world.recover(...given);
  const capture = (...given: Parameters<SessionWorld['capture']>) => world.capture(...given);
  const list = (format: string) => world.list(format);
  const shows = (text: string, pane = ':') =>
    until(async () => (await server.tmux('capture-pane', '-p', '-J', '-S', '-', '-t', pane)).includes(text), text);

  it('makes a session again whose server was killed, and then adds a window that was killed', async () => {
    await server.start('work', { cwd: tree });
    // A window without a name of its own is called after what runs in it, first of all `tmux` itself.
    await server.tmux('rename-window', 'shell');
    await server.tmux('new-window', '-d', '-n', 'logs', 'sleep 1000');
    const before = await list('#{session_name} #{window_name} #{window_index}');
    await capture('work');
    await server.kill();
    const crashed = await recover('work', 'crashed');
    expect(crashed.status).toBe('recovered');
    expect(crashed.actions).toContain('recreate-session succeeded');
    expect(await list('#{session_name} #{window_name} #{window_index}')).toEqual(before);
    await server.tmux('kill-window', '-t', 'work:logs');
    const corrupted = await recover('work', 'corrupted');
    expect(corrupted).toMatchObject({ status: 'recovered' });
    expect(corrupted.actions).toContain('save-session succeeded');
    expect(await list('#{session_name} #{window_name} #{window_index}')).toEqual(before);
    const { recoveries, subjectOf } = world;
    const kept = await recoveries.checkpoints.list(subjectOf('work'), { type: ['recovery'] });
    expect(kept.map(({ info }) => info.name)).toEqual(['before the recovery of work']);
  });

  it('is not called recovered when its server is killed while it is made, and is made once by the next recovery', async () => {
    const windows = Array.from({ length: 30 }, (_, index) => `window-${index}`);
    await server.start('work', { command: ['sleep', '1000'] });
    await server.tmux('rename-window', 'window-0');
    for (const window of windows.slice(1)) await server.tmux('new-window', '-d', '-n', window, 'sleep 1000');
    await capture('work');
    await server.kill();
    const failed = report('work', 'crashed');
    const made = () => list('#{session_name}');
    // Under the name that it has until it is whole.
    const names = await until(async () => {
      const found = await made();
      return found.length > 2 && found;
    }, 'the first windows');
    expect(names.filter((name) => !name.startsWith('rerail-'))).toEqual([]);
    await server.kill();
    const { status, actions, failedStrategies = [] } = await failed;
    expect(status).not.toBe('recovered');
    const all = [...actions, ...failedStrategies.flatMap((strategy) => strategy.actions)];
    const error = all.find(({ id: action }) => action === 'recreate-session')?.attempts[0]?.error;
    expect(error).toMatchObject({
      code: 'session-not-found',
      message: expect.stringContaining(server.socket) as string,
    });
    expect(await made()).toEqual([]);
    expect(await recover('work', 'crashed')).toMatchObject({ status: 'recovered' });
    expect(await list('#{session_name} #{window_name}')).toEqual(windows.map((window) => `work ${window}`));
  });

  it('wakes the shell of a pane that was stopped', async () => {
    await server.start('work', { command: ['sh', '-c', 'sh -c "sleep 1000; true"; true'] });
    const [pid = 0] = (await list('#{pane_pid}')).map(Number);
    const stopped = await childOf(pid);
    await capture('work');
    await stopProcess(stopped);
    const { status, actions } = await recover('work', 'frozen');
    expect(status).toBe('recovered');
    expect(actions).toContain('unfreeze-session succeeded');
    expect((await statOf(stopped))?.state).toBe('S');
    expect((await list('#{pane_pid}')).map(Number)).toEqual([pid]);
  });

  it('wakes a server that was stopped', async () => {
    await server.start('work');
    await capture('work');
    const pid = (await listenerOf(server.socket)) ?? 0;
    await stopProcess(pid);
    const { status, actions } = await recover('work', 'frozen');
    expect(status).toBe('recovered');
    expect(actions).toContain('unfreeze-session succeeded');
    expect((await statOf(pid))?.state).toBe('S');
    expect(await list('#{session_name}')).toEqual(['work']);
  });

  it('makes a session again that stops anew whenever it is woken', async () => {
    // Beneath another shell: tmux itself wakes what it has started.
    const stubborn = `trap "kill -STOP \\$\\$" CONT; while :; do sleep 0.02; done`;
    await server.start('work', { command: ['sh', '-c', `sh -c '${stubborn}'; true`] });
    await server.tmux('rename-window', 'shell');
    await capture('work');
    const [pane = 0] = (await list('#{pane_pid}')).map(Number);
    const pid = await childOf(pane);
    await stopProcess(pid);
    const { status, actions } = await recover('work', 'frozen');
    expect(status).toBe('recovered');
    expect(actions).toContain('unfreeze-session failed');
    expect(actions).toContain('recreate-session succeeded');
    expect(await list('#{session_name} #{window_name}')).toEqual(['work shell']);
    expect(await list('#{pane_pid}')).not.toEqual([String(pane)]);
    await until(async () => ['Z', undefined].includes((await statOf(pid))?.state), 'the end of what was frozen');
  });

  it('attaches a client again', async () => {
    await server.start('desk');
    await capture('desk');
    expect(await recover('desk', 'disconnected')).toMatchObject({ status: 'recovered' });
    expect(await list('#{session_attached}')).toEqual(['1']);
  });

  it('brings an agent back with its tree and its transcript', async () => {
    const script = join(server.folder, 'agent.cjs');
    const { pane } = await server.start('agent', { cwd: tree, command: [process.execPath, script, tree, transcript] });
    await shows('goes on after step 0');
    await server.tmux('send-keys', '-t', pane, 'go', 'Enter');
    await shows('done step 1');
    await capture('agent', tree);
    await server.tmux('send-keys', '-t', pane, 'go', 'Enter');
    await shows('done step 2');
    await server.kill();
    await rm(join(tree, 'step-1'));
    await writeFile(transcript, '');
    const { status } = await recover('agent', 'crashed');
    expect(status).toBe('recovered');
    await shows('goes on after step 1');
    expect(await readFile(transcript, 'utf8')).toBe('step 1\n');
    expect(await readFile(join(tree, 'step-1'), 'utf8')).toBe('made');
    await expect(readFile(join(tree, 'step-2'))).rejects.toThrow('ENOENT');
    const [again = ''] = await list('#{pane_id}');
    await server.tmux('send-keys', '-t', again, 'go', 'Enter');
    await shows('done step 2');
  });

  it('puts back what it has done to a session when a later step of its plan fails, and nothing else', async () => {
    await server.start('work', { command: ['sleep', '1000'] });
    await server.tmux('rename-window', 'shell');
    await server.tmux('new-window', '-d', '-n', 'logs', 'sleep 1000');
    await capture('work');
    await server.tmux('kill-window', '-t', 'work:logs');
    await server.tmux('new-window', '-d', '-t', 'work:7', '-n', 'mine', 'sleep 1000');
    const windows = () => list('#{session_name} #{window_name} #{pane_pid}');
    const left = await windows();
    const repaired = await report('work', 'corrupted', { playbook: 'repair-in-vain' });
    expect(repaired.status).toBe('escalated');
    expect(repaired.actions[0]).toMatchObject({ id: 'bring-back', status: 'compensated' });
    expect(repaired.actions[0]?.output).toMatchObject({ output: { outcome: 'repaired' } });
    expect(repaired.compensations).toMatchObject([{ actionId: 'bring-back', ok: true }]);
    expect(await windows()).toEqual(left);

    await server.kill();
    await server.start('other', { command: ['sleep', '1000'] });
    await server.tmux('rename-window', '-t', 'other:', 'shell');
    const others = await windows();
    const made = await report('work', 'crashed', { playbook: 'remake-in-vain' });
    expect(made.actions[0]).toMatchObject({ status: 'compensated', output: { output: { outcome: 'recreated' } } });
    expect(made.compensations).toMatchObject([{ actionId: 'bring-back', ok: true }]);
    expect(await windows()).toEqual(others);
    // What was put back can be done again, and stays then.
    expect(await recover('work', 'crashed')).toMatchObject({ status: 'recovered' });
    expect(await windows()).toEqual(expect.arrayContaining(others));
  });

  it('kills a server that does not answer only where it may, with all that is in it, and makes the session again', async () => {
    const stop = async (): Promise<number> => {
      const pid = (await listenerOf(server.socket)) ?? 0;
      await stopProcess(pid);
      return pid;
    };
    const outcomeOf = ({ actions }: Awaited<ReturnType<typeof report>>) =>
      actions.find(({ id: action }) => action === 'recreate-session');
    const names = () => list('#{session_name} #{window_name}');
    for (const name of ['stuck', 'work', 'other']) {
      await server.start(name, { command: ['sleep', '1000'] });
      await server.tmux('rename-window', '-t', `${name}:`, `${name}-window`);
    }
    await capture('stuck');
    await capture('work');
    const before = await names();

    // Reported as crashed, so that nothing tries to wake it first.
    const pid = await stop();
    const refused = outcomeOf(await report('work', 'crashed'));
    const [attempt] = refused?.attempts ?? [];
    expect(attempt).toMatchObject({ ok: false, error: { code: 'session-failed' } });
    expect(attempt?.error?.message).toContain(`process ${pid}`);
    expect((await statOf(pid))?.state).toBe('T');
    process.kill(pid, 'SIGCONT');
    expect(await names()).toEqual(before);

    await stop();
    const killed = await report('stuck', 'crashed');
    expect(killed.status).toBe('recovered');
    const { output } = outcomeOf(killed) ?? {};
    expect(JSON.stringify(output)).toContain('the tmux server that did not answer was killed');
    expect(['Z', undefined]).toContain((await statOf(pid))?.state);
    expect(await names()).toEqual(['stuck stuck-window']);
    // The others went with it; one that has a checkpoint comes back to the new server.
    expect(await recover('work', 'crashed')).toMatchObject({ status: 'recovered' });
    expect((await names()).toSorted()).toEqual(['stuck stuck-window', 'work work-window']);
  });

  it('is a part of checkpoints: dry run, restore with a backup, verification and undo', async () => {
    const name = 'desk';
    await server.start(name, { cwd: tree });
    const { recoveries, subjectOf } = world;
    const { info } = await capture(name);
    await server.kill();
    const system = { scope: { system: [name] } };
    const dry = await recoveries.checkpoints.restore(subjectOf(name), info.id, 'test', { ...system, dryRun: true });
    expect(dry.plan.system).toEqual([{ provider: name, item: 'session "desk"', change: 'create' }]);
    expect(await list('#{session_name}')).toEqual([]);
    const done = await recoveries.checkpoints.restore(subjectOf(name), info.id, 'test', system);
    expect(done).toMatchObject({ success: true, verified: { mismatches: [] } });
    expect(await list('#{session_name}')).toEqual([name]);
    await recoveries.checkpoints.restore(subjectOf(name), done.backupId ?? '', 'test', system);
    expect(await list('#{session_name}')).toEqual([]);
  });
});
