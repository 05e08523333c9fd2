import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTmux } from '../../src/activities/sessions/tmux.ts';
import { unfreezeSession } from '../../src/activities/sessions/unfreeze-session.ts';
import { SessionSpecSchema } from '../../src/domain/session.schema.ts';
import { allProcesses, argvOf, isDead, listenerOf, sendSignal, statOf } from '../../src/process/proc.ts';
import { keepStopped } from '../support/keep-stopped.ts';
import { stopProcess } from '../support/processes.ts';
import { createSessionWorld, type SessionWorld } from '../support/session-world.ts';
import { skipWithoutTmux, type TmuxServer } from '../support/tmux-server.ts';
import { until } from '../support/until.ts';

const run = promisify(execFile);

/** Its time is over before a server that hangs is known to. */
const IN_HASTE = `apiVersion: rerail/v1
kind: Playbook
metadata: {name: in-haste}
spec:
  match: [{code: NEVER-MATCHED}]
  mode: auto
  actions:
    - {id: bring-back, type: run, timeout: 2s, run: {procedure: recreate-session}}
    - {id: call, type: escalate}
`;

type Report = Awaited<ReturnType<SessionWorld['report']>>;

const errorOf = ({ actions }: Report, action: string) => {
  const found = actions.find(({ id }) => id === action);
  return { status: found?.status, error: found?.attempts.at(-1)?.error };
};
const text = (part: string | number): string => expect.stringContaining(String(part)) as string;

describe.skipIf(skipWithoutTmux)('a tmux server that does not wake up', () => {
  let world: SessionWorld;
  let server: TmuxServer;
  let releases: (() => Promise<void>)[];
  let tree: string;
  let transcript: string;

  beforeAll(async () => {
    world = await createSessionWorld({
      sessions: ({ folder }) => ({
        work: {},
        stuck: { killServer: true },
        agent: { agent: { workspace: join(folder, 'tree'), transcript: [join(folder, 'transcript.log')] } },
      }),
      playbooks: [IN_HASTE],
    });
    server = world.server;
    tree = join(server.folder, 'tree');
    transcript = join(server.folder, 'transcript.log');
    await mkdir(tree);
  });
  beforeEach(() => {
    releases = [];
  });
  afterEach(async () => {
    await server.kill();
    for (const release of releases) await release();
  });
  afterAll(() => world.stop());

  /** Sessions with one window each, captured; the number of their server. */
  async function begin(...names: string[]): Promise<number> {
    for (const name of names) {
      await server.start(name, { command: ['sleep', '1000'] });
      // A window without a name of its own is called after what runs in it.
      await server.tmux('rename-window', '-t', `${name}:`, 'shell');
    }
    for (const name of names) await world.capture(name, name === 'agent' ? tree : undefined);
    return (await listenerOf(server.socket)) ?? 0;
  }
  async function keep(pid: number): Promise<() => Promise<void>> {
    const { release } = await keepStopped(pid);
    releases.push(release);
    return release;
  }
  /** Its only thread waits for somebody to write into a pipe: nothing has stopped it, and SIGCONT is nothing to it. */
  async function hang(): Promise<() => Promise<void>> {
    const pipe = join(server.folder, `pipe-${randomUUID()}`);
    await run('mkfifo', [pipe]);
    await server.tmux('set-hook', '-g', 'session-created', `source-file ${pipe}`);
    const client = server.tmux('new-session', '-d', '-s', 'other', 'sleep 1000').catch(() => '');
    // Opens only where somebody reads.
    const file = await until(
      () => open(pipe, constants.O_WRONLY | constants.O_NONBLOCK).catch(() => undefined),
      'the server at the pipe',
    );
    const release = async () => {
      await file.close();
      await client;
    };
    releases.push(release);
    return release;
  }
  const panes = () => world.list('#{session_name} #{window_name} #{pane_pid}');
  /** Servers and clients of our socket. */
  async function tmuxProcesses(): Promise<number[]> {
    const living = (await allProcesses()).filter((found) => !isDead(found));
    const words = await Promise.all(living.map(async ({ pid }) => ({ pid, argv: await argvOf(pid) })));
    return words.filter(({ argv }) => argv.includes(server.socket)).map(({ pid }) => pid);
  }
  const isAlone = (pid: number) =>
    until(
      async () => JSON.stringify(await tmuxProcesses()) === JSON.stringify([pid]),
      'no process of tmux but the server',
    );

  it('is left alone where it may not be killed: a person is called, and a later recovery heals it', async () => {
    const pid = await begin('work');
    const before = await panes();
    const release = await keep(pid);
    const report = await world.report('work', 'frozen');
    expect(report.status).toBe('escalated');
    expect(errorOf(report, 'unfreeze-session')).toMatchObject({
      status: 'failed',
      error: { code: 'session-failed', message: text(`after tmux server ${pid}: SIGCONT`) },
    });
    expect(errorOf(report, 'recreate-session')).toMatchObject({
      status: 'compensated',
      error: { code: 'session-failed', message: text(`process ${pid}`), remedy: text('killServer') },
    });
    expect(errorOf(report, 'escalate').status).toBe('succeeded');
    expect(report.compensations).toMatchObject([{ actionId: 'recreate-session', ok: true, attempts: 1 }]);
    expect((await statOf(pid))?.state).toBe('T');
    expect(await listenerOf(server.socket)).toBe(pid);
    await isAlone(pid);

    await release();
    expect(await world.recover('work', 'frozen')).toMatchObject({ status: 'recovered' });
    expect((await statOf(pid))?.state).toBe('S');
    // Nothing that was asked of it while it slept is done now.
    expect(await panes()).toEqual(before);
  });

  it('is killed after it could not be woken, where that is allowed, and the session is made again', async () => {
    const pid = await begin('stuck', 'work');
    await keep(pid);
    const report = await world.report('stuck', 'frozen');
    expect(report.status).toBe('recovered');
    expect(errorOf(report, 'unfreeze-session')).toMatchObject({ status: 'failed', error: { message: text(pid) } });
    const made = report.actions.find(({ id }) => id === 'recreate-session');
    expect(made).toMatchObject({ status: 'succeeded', output: { output: { outcome: 'recreated' } } });
    expect(JSON.stringify(made?.output)).toContain('the tmux server that did not answer was killed');
    expect(['Z', undefined]).toContain((await statOf(pid))?.state);
    expect(await world.list('#{session_name} #{window_name}')).toEqual(['stuck shell']);
    await isAlone((await listenerOf(server.socket)) ?? 0);
  });

  it('keeps its agent’s tree and transcript as they are, as long as the agent may go on', async () => {
    const file = join(tree, 'file');
    await writeFile(file, 'captured');
    await writeFile(transcript, 'captured\n');
    const pid = await begin('agent');
    await writeFile(file, 'gone on');
    await writeFile(transcript, 'gone on\n');
    await keep(pid);
    expect(await world.report('agent', 'frozen')).toMatchObject({ status: 'escalated' });
    expect(await readFile(file, 'utf8')).toBe('gone on');
    expect(await readFile(transcript, 'utf8')).toBe('gone on\n');
  });

  it('is not called woken when it answers once and is stopped again', async () => {
    const pid = await begin('work');
    await stopProcess(pid);
    const { socket } = server;
    const tmux = createTmux({ socket });
    const relapsing: typeof tmux = {
      ...tmux,
      async ask(...given) {
        const answer = await tmux.ask(...given);
        if (answer.outcome === 'answered') await stopProcess(pid);
        return answer;
      },
    };
    const spec = SessionSpecSchema.parse({ name: 'work', socket });
    await expect(unfreezeSession(relapsing, spec, undefined)).rejects.toMatchObject({
      code: 'session-failed',
      message: text(`tmux server ${pid} is stopped again`),
    });
    sendSignal(pid, 'SIGCONT');
    expect(await unfreezeSession(tmux, spec, undefined)).toMatchObject({ woken: [] });
  });

  it('is left alone as well when it hangs without being stopped', async () => {
    const pid = await begin('work');
    const before = await panes();
    const release = await hang();
    const report = await world.report('work', 'frozen');
    expect(report.status).toBe('escalated');
    // Its silence is two seconds long, of the three that the step has.
    expect(['failed', 'timed_out']).toContain(errorOf(report, 'unfreeze-session').status);
    expect(report.compensations).toMatchObject([{ actionId: 'recreate-session', ok: true }]);
    expect((await statOf(pid))?.state).toBe('S');
    await release();
    expect(await world.recover('work', 'frozen')).toMatchObject({ status: 'recovered' });
    expect(await panes()).toEqual(expect.arrayContaining(before));
  });

  it('is not killed by an attempt whose time is over, and is by one that has the time', async () => {
    const pid = await begin('stuck');
    await hang();
    const hasty = await world.report('stuck', 'crashed', { playbook: 'in-haste' });
    expect(hasty.status).toBe('escalated');
    expect(errorOf(hasty, 'bring-back').error).toMatchObject({ code: 'timed-out' });
    // Longer than the attempt would still have looked.
    expect(await createTmux({ socket: server.socket }).ask(['list-sessions'])).toMatchObject({ outcome: 'no-answer' });
    expect((await statOf(pid))?.state).toBe('S');
    expect(await world.recover('stuck', 'crashed')).toMatchObject({ status: 'recovered' });
    expect(['Z', undefined]).toContain((await statOf(pid))?.state);
    expect(await world.list('#{session_name} #{window_name}')).toEqual(['stuck shell']);
  });
});
