import { once } from 'node:events';
import { mkdir, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createCheckpointActivities } from '../../src/activities/checkpoints/create-checkpoint-activities.ts';
import { createProviderRegistry } from '../../src/activities/providers/provider.ts';
import { captureSession, writeDump } from '../../src/activities/sessions/capture-session.ts';
import { lookAtSession } from '../../src/activities/sessions/check-session.ts';
import type { RestorableSession } from '../../src/activities/sessions/find-baseline.ts';
import { createSessionActivities } from '../../src/activities/sessions/create-session-activities.ts';
import { layoutGeometry } from '../../src/activities/sessions/compare-layout.ts';
import { recreateSession } from '../../src/activities/sessions/recreate-session.ts';
import { repairSession } from '../../src/activities/sessions/repair-session.ts';
import { undoSession } from '../../src/activities/sessions/undo-session.ts';
import { unfreezeSession } from '../../src/activities/sessions/unfreeze-session.ts';
import { reattachSession, undoReattach } from '../../src/activities/sessions/reattach-session.ts';
import { createTmux, type Tmux } from '../../src/activities/sessions/tmux.ts';
import { newId } from '../../src/domain/ids.ts';
import { SessionSpecSchema } from '../../src/domain/session.schema.ts';
import type { SessionSpec, SessionSpecInput } from '../../src/domain/session.ts';
import { argvOf, statOf } from '../../src/process/proc.ts';
import { createGitStore } from '../../src/store/git-store/create-git-store.ts';
import { childOf } from '../support/processes.ts';
import { until } from '../support/until.ts';
import { createTmuxServer, skipWithoutTmux, type TmuxServer } from '../support/tmux-server.ts';

describe.skipIf(skipWithoutTmux)('sessions of a real tmux', () => {
  let server: TmuxServer;
  let tmux: Tmux;
  let spec: SessionSpec;
  let order: { key: string; directory: string };
  let number = 0;

  const define = (more: Partial<SessionSpecInput> = {}): SessionSpec =>
    SessionSpecSchema.parse({ name: 'work', socket: server.socket, config: '/dev/null', ...more });
  const capture = async (names = [spec.name]): Promise<RestorableSession> => {
    const { state, dump } = await captureSession(tmux, { names });
    return {
      checkpointId: 'cp',
      state: JSON.parse(JSON.stringify(state)) as typeof state,
      dump: () => Promise.resolve(dump),
    };
  };
  const look = async (baseline?: RestorableSession) => (await lookAtSession(tmux, spec, baseline)).reading;
  const shows = (pane: string, text: string) =>
    until(async () => (await server.tmux('capture-pane', '-p', '-J', '-S', '-', '-t', pane)).includes(text), text);
  const list = async (format: string) => (await server.tmux('list-panes', '-a', '-F', format)).split('\n');
  const geometry = async () => [
    ...new Set(
      (await list('#{window_index} #{window_layout}')).map(
        (line) => `${line.split(' ')[0]} ${layoutGeometry(line.split(' ')[1] ?? '')}`,
      ),
    ),
  ];
  const foreground = async (pane: string): Promise<number> => {
    const pid = Number(await server.tmux('display-message', '-p', '-t', pane, '#{pane_pid}'));
    return (await statOf(pid))?.foregroundGroup ?? 0;
  };

  beforeAll(async () => {
    server = await createTmuxServer();
  });
  afterAll(() => server.stop());
  beforeEach(() => {
    tmux = createTmux({ socket: server.socket, config: '/dev/null' });
    spec = define();
    order = { key: `test-${(number += 1)}`, directory: join(server.folder, 'scrollback') };
  });
  afterEach(() => server.kill());

  /** Two windows, three panes, spaces and quotes in the directory, secrets and text on the screen. */
  async function furnish(): Promise<{ pane: string; cwd: string }> {
    const cwd = join(server.folder, `two  spaces 'and" a;b`);
    await mkdir(cwd, { recursive: true });
    const { pane } = await server.start('work', { cwd });
    await server.tmux('send-keys', '-t', pane, '-l', 'echo first-$((1+1)) API_KEY=abcdef123456');
    await server.tmux('send-keys', '-t', pane, 'Enter');
    await shows(pane, 'first-2');
    await server.tmux('split-window', '-d', '-h', '-l', '30%', '-t', pane, '-c', '/usr');
    await server.tmux(
      'new-window',
      '-d',
      '-t',
      'work:5',
      '-n',
      '-w x\ty',
      '-c',
      '/',
      'sh',
      '-c',
      'echo beneath; exec sleep 1000',
    );
    await server.tmux('select-pane', '-t', pane, '-T', 'a title ##{pid}');
    await until(async () => (await list('#{pane_current_command}')).includes('sleep'), 'the command');
    return { pane, cwd };
  }

  it('captures windows, panes, directories, commands and scrollback, with secrets masked', async () => {
    const { cwd } = await furnish();
    await until(async () => (await list('#{window_name}')).includes('sh'), 'the name after the shell');
    const { state, dump } = await captureSession(tmux, { names: ['work'] });
    expect(state.sessions[0]?.windows.map(({ index, name, panes }) => [index, name, panes.length])).toEqual([
      [0, 'sh', 2],
      [5, '-w x\ty', 1],
    ]);
    const [first, second, third] = state.sessions[0]?.windows.flatMap(({ panes }) => panes) ?? [];
    expect(first).toMatchObject({ cwd, runs: 'shell', title: 'a title #{pid}', scrollback: { cut: false } });
    expect(second?.cwd).toBe('/usr');
    expect(third).toMatchObject({ argv: ['sleep', '1000'], runs: 'direct', dead: false });
    expect(dump.scrollback[first?.id ?? '']).toContain('first-2');
    expect(JSON.stringify(dump)).not.toContain('abcdef123456');
    expect(Object.values(state.environment).every((value) => value === '[redacted]')).toBe(true);
    expect(state.environment).toHaveProperty('PATH');
    await mkdir(order.directory, { recursive: true });
    const file = await writeDump(order.directory, dump);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    await rm(file);
  });

  it('writes nothing without a session, where others write an empty file and load it next time', async () => {
    await expect(captureSession(tmux, { names: ['work'] })).rejects.toMatchObject({ code: 'session-not-found' });
    await server.start('other');
    await expect(captureSession(tmux, { names: ['work'] })).rejects.toMatchObject({ code: 'session-not-found' });
    const { state } = await captureSession(tmux, { names: ['work'], backup: true });
    expect(state).toMatchObject({ sessions: [], missing: ['work'] });
  });

  it('refuses a capture during which the server was replaced', async () => {
    await furnish();
    const replacing: Tmux = {
      ...tmux,
      async run(args) {
        if (args[0] === 'show-environment') {
          await server.kill();
          await server.start('work');
        }
        return tmux.run(args);
      },
    };
    await expect(captureSession(replacing, { names: ['work'] })).rejects.toMatchObject({ code: 'session-failed' });
  });

  it('makes a session again that is gone with its server, once, and its undo removes just that', async () => {
    const { cwd } = await furnish();
    const before = await geometry();
    const good = await capture();
    await server.kill();
    expect(await look(good)).toMatchObject({ health: 'crashed' });
    const made = await recreateSession(tmux, spec, good, order);
    expect(made).toMatchObject({ outcome: 'recreated', session: 'work' });
    expect(made.notes.join()).toContain('typed in pane 0, not run: sleep 1000');
    expect(await look(good)).toMatchObject({ health: 'healthy' });
    expect(await geometry()).toEqual(before);
    expect(await list('#{window_name}|#{pane_current_path}|#{pane_title}')).toEqual([
      `sh|${cwd}|a title #{pid}`,
      expect.stringMatching(/^sh\|\/usr\|/) as string,
      expect.stringMatching(/^-w x\ty\|\/\|/) as string,
    ]);
    const panes = await list('#{pane_id} #{pane_current_command}');
    expect(panes.map((pane) => pane.split(' ')[1])).not.toContain('sleep');
    await shows(panes[0]?.split(' ')[0] ?? '', 'first-2');
    await shows(panes[2]?.split(' ')[0] ?? '', 'beneath');
    await shows(panes[2]?.split(' ')[0] ?? '', 'sleep 1000');
    expect(await recreateSession(tmux, spec, good, order)).toMatchObject({ outcome: 'nothing to do' });
    await server.start('bystander');
    expect(await undoSession(tmux, 'another recovery')).toEqual({ removed: [] });
    expect((await undoSession(tmux, order.key)).removed).toHaveLength(1);
    expect((await undoSession(tmux, order.key)).removed).toHaveLength(0);
    expect(await server.tmux('list-sessions', '-F', '#{session_name}')).toBe('bystander');
  });

  it('runs only commands that are allowed', async () => {
    await furnish();
    const good = await capture();
    await server.kill();
    spec = define({ run: [['sleep', '*']] });
    expect((await recreateSession(tmux, spec, good, order)).notes).toEqual([]);
    await until(async () => (await list('#{pane_current_command}')).includes('sleep'), 'the allowed command');
    const pids = (await list('#{pane_pid}')).map(Number);
    expect(await Promise.all(pids.map(argvOf))).toContainEqual(['sleep', '1000']);
  });

  it.each([
    ['never', 'session-exists', ['work']],
    ['rename', undefined, ['work', 'work-restored']],
    ['replace', undefined, ['work']],
  ] as const)('meets a session of the same name by overwrite: %s', async (overwrite, code, names) => {
    await furnish();
    const good = await capture();
    await server.tmux('kill-window', '-t', 'work:5');
    spec = define({ overwrite });
    const making = recreateSession(tmux, spec, good, order);
    if (code) await expect(making).rejects.toMatchObject({ code });
    else expect(await making).toMatchObject({ session: names.at(-1) });
    expect((await server.tmux('list-sessions', '-F', '#{session_name}')).split('\n')).toEqual(names);
  });

  it('removes what a killed attempt has left before it begins again', async () => {
    await furnish();
    const good = await capture();
    await server.kill();
    const dying: Tmux = {
      ...tmux,
      run: (args) => (args[0] === 'rename-session' ? Promise.reject(new Error('killed')) : tmux.run(args)),
    };
    await expect(recreateSession(dying, spec, good, order)).rejects.toThrow('killed');
    expect(await look(good)).toMatchObject({ health: 'crashed' });
    await recreateSession(tmux, spec, good, order);
    expect(await server.tmux('list-sessions', '-F', '#{session_name}')).toBe('work');
  });

  it('adds what is missing and leaves what lives untouched', async () => {
    const { pane } = await furnish();
    const before = await geometry();
    const good = await capture();
    const pid = await server.tmux('display-message', '-p', '-t', pane, '#{pane_pid}');
    await server.tmux('kill-window', '-t', 'work:5');
    await server.tmux('kill-pane', '-t', 'work:0.1');
    expect(await look(good)).toMatchObject({
      health: 'corrupted',
      problems: [expect.stringContaining('1 of 2 panes'), expect.stringContaining('missing')],
    });
    expect((await repairSession(tmux, spec, good, order)).outcome).toBe('repaired');
    expect(await look(good)).toMatchObject({ health: 'healthy' });
    expect(await geometry()).toEqual(before);
    expect(await server.tmux('display-message', '-p', '-t', pane, '#{pane_pid}')).toBe(pid);
    expect(await repairSession(tmux, spec, good, order)).toMatchObject({ outcome: 'nothing to do' });
    expect((await undoSession(tmux, order.key)).removed).toHaveLength(2);
    expect(await look(good)).toMatchObject({ health: 'corrupted' });
  });

  it('starts dead panes again, and gives a window its layout back', async () => {
    await furnish();
    await server.tmux('set-option', '-g', 'remain-on-exit', 'on');
    const good = await capture();
    process.kill(Number((await list('#{pane_pid}'))[2]), 'SIGKILL');
    await until(async () => (await list('#{pane_dead}')).includes('1'), 'the dead pane');
    await server.tmux('select-layout', '-t', 'work:0', 'even-vertical');
    expect((await look(good)).problems).toEqual([
      expect.stringContaining('another layout'),
      expect.stringContaining('is dead'),
    ]);
    await repairSession(tmux, spec, good, order);
    expect(await look(good)).toMatchObject({ health: 'healthy' });
  });

  it('says that a layout with too few panes did not fit, to which tmux answers 0', async () => {
    await furnish();
    const good = await capture();
    const window = good.state.sessions[0]?.windows[0];
    window!.panes = window!.panes.slice(0, 1);
    await server.kill();
    expect((await recreateSession(tmux, spec, good, order)).notes.join()).toContain('did not take its layout');
  });

  it('says that scrollback was cut', async () => {
    await server.start('work');
    await server.tmux('set-option', '-g', 'history-limit', '100');
    const pane = await server.tmux('new-window', '-P', '-F', '#{pane_id}', '-t', 'work', 'seq 1 500; exec sh');
    await shows(pane, '500');
    const { state, dump } = await captureSession(tmux, { names: ['work'] });
    expect(state.sessions[0]?.windows[1]?.panes[0]?.scrollback).toMatchObject({ cut: true });
    expect(dump.scrollback[pane]).not.toContain('\n300\n');
    expect(dump.scrollback[pane]).toContain('\n480\n');
  });

  it('keeps what is beneath a full-screen program', async () => {
    const { pane } = await server.start('work', {
      command: ['sh', '-c', String.raw`echo beneath; printf '\033[?1049hfullscreen'; exec sleep 1000`],
    });
    await until(async () => (await list('#{alternate_on}')).includes('1'), 'the alternate screen');
    await shows(pane, 'fullscreen');
    const { state, dump } = await captureSession(tmux, { names: ['work'] });
    expect(state.sessions[0]?.windows[0]?.panes[0]).toMatchObject({ alternateScreen: true });
    expect(dump.scrollback[pane]).toContain('beneath');
    expect(dump.scrollback[pane]).not.toContain('fullscreen');
  });

  it.each(['tab\tand "quotes" ä', '-x;', '#{pid} ##[x] #(touch pwned)', String.raw`back\slash \t`])(
    'takes the name %j as it is',
    async (name) => {
      await server.start(name.replaceAll('#', '##').replace('####[', '##[').replace(/;$/, '\\;'));
      spec = define({ name });
      const good = await capture();
      const [session] = good.state.sessions;
      expect(session?.name).toBe(name);
      Object.assign(session!.windows[0]!, { name, automaticRename: false });
      await server.kill();
      await recreateSession(tmux, spec, good, order);
      expect(await look(good)).toMatchObject({ health: 'healthy' });
      expect(await list('#{window_name}')).toEqual([name]);
      await expect(stat(join(server.folder, 'pwned'))).rejects.toThrow();
    },
  );

  it('sees a stopped process and a held terminal, and wakes them', async () => {
    const { pane } = await server.start('work', { command: ['sh', '-c', 'sleep 1000; true'] });
    await until(async () => (await foreground(pane)) > 0, 'the command');
    const pid = Number(await server.tmux('display-message', '-p', '-t', pane, '#{pane_pid}'));
    const child = await childOf(pid);
    expect(await look()).toMatchObject({ health: 'healthy' });
    process.kill(child, 'SIGSTOP');
    await until(async () => (await look()).health === 'frozen', 'the stopped process');
    expect((await look()).observed).toContain('is stopped (state T)');
    expect(await unfreezeSession(tmux, spec, undefined)).toMatchObject({ woken: [expect.stringContaining('SIGCONT')] });
    expect(await look()).toMatchObject({ health: 'healthy' });
    await server.tmux('send-keys', '-t', pane, 'C-s');
    await until(async () => (await look()).health === 'frozen', 'the held terminal');
    expect((await look()).observed).toContain('held by C-s');
    const woken = await unfreezeSession(tmux, spec, undefined);
    expect(woken).toMatchObject({ woken: [`pane ${pane}: C-q`], undo: expect.stringContaining('C-s') as string });
    expect(await unfreezeSession(tmux, spec, undefined)).toMatchObject({ woken: [] });
  });

  it('sees a server that does not answer, wakes it, and kills it only when told', async () => {
    await furnish();
    const good = await capture();
    const pid = Number(await server.tmux('display-message', '-p', '#{pid}'));
    process.kill(pid, 'SIGSTOP');
    expect(await look(good)).toMatchObject({
      health: 'frozen',
      observed: expect.stringContaining(`process ${pid} is stopped`) as string,
    });
    await expect(recreateSession(tmux, spec, good, order)).rejects.toMatchObject({
      remedy: expect.stringContaining('killServer') as string,
    });
    // What was made there cannot be looked for; what was never begun need not be.
    await expect(undoSession(tmux, order.key)).rejects.toMatchObject({ code: 'session-failed' });
    expect(await undoSession(tmux, order.key, false)).toEqual({ removed: [] });
    expect(await unfreezeSession(tmux, spec, good)).toMatchObject({ woken: [`tmux server ${pid}: SIGCONT`] });
    expect(await look(good)).toMatchObject({ health: 'healthy' });
  });

  it('sees a server that is silent without being stopped', async () => {
    const socket = join(server.folder, 'silent.sock');
    const silent = createServer().listen(socket);
    await once(silent, 'listening');
    try {
      tmux = createTmux({ socket, config: '/dev/null' });
      spec = define({ socket });
      const { health, observed } = await look();
      expect({ health, observed }).toMatchObject({ health: 'frozen', observed: expect.stringContaining('within 2 s') });
    } finally {
      silent.close();
    }
  });

  it('undoes what one recovery made of a session, not what it made of another', async () => {
    const define = (name: string) => ({ session: { name, socket: server.socket, config: '/dev/null' } });
    const dataDir = join(server.folder, 'data');
    const storePath = join(dataDir, 'store.git');
    const openStore = () => createGitStore({ path: storePath });
    const kept = { openStore, storePath, dataDir, host: 'here' };
    const activities = createSessionActivities({
      dataDir,
      openStore,
      checkpointsWith: (provider) =>
        createCheckpointActivities({ ...kept, providers: createProviderRegistry([provider]) }),
      keys: () => ({ execution: 'recovery/two', step: newId('step') }),
    });
    const names = ['one', 'two'];
    for (const name of names) {
      await server.start(name, { command: ['sleep', '1000'] });
      await activities.captureSession({ ...define(name), id: newId('cp'), name: 'good', type: 'manual' });
    }
    await server.kill();
    for (const name of names) await activities.recreateSession(define(name));
    expect(await list('#{session_name}')).toEqual(names);
    expect((await activities.undoSession(define('one'))).removed).toHaveLength(1);
    expect(await list('#{session_name}')).toEqual(['two']);
    const pid = Number(await server.tmux('display-message', '-p', '#{pid}'));
    process.kill(pid, 'SIGSTOP');
    expect(await activities.undoSession(define('one'))).toEqual({ removed: [] });
    await expect(activities.undoSession(define('two'))).rejects.toMatchObject({ code: 'session-failed' });
    process.kill(pid, 'SIGCONT');
    expect((await activities.undoSession(define('two'))).removed).toHaveLength(1);
  });

  it('has a client attach, and says that one is missing', async () => {
    await server.start('work');
    spec = define({ client: {} });
    const folder = join(server.folder, 'clients');
    expect(await look()).toMatchObject({ health: 'disconnected' });
    await expect(reattachSession(tmux, spec, { key: 'k', folder })).rejects.toThrow('no client is defined');
    spec = define({ client: { argv: ['script', '-qfc', `tmux -S ${server.socket} attach -t work`, '/dev/null'] } });
    const { client } = await reattachSession(tmux, spec, { key: 'k', folder });
    expect(client).toBeGreaterThan(0);
    expect(await look()).toMatchObject({ health: 'healthy' });
    expect(await reattachSession(tmux, spec, { key: 'k', folder })).toMatchObject({ client: null });
    expect(await undoReattach(spec, { key: 'another', folder })).toBe(false);
    expect(await undoReattach(spec, { key: 'k', folder })).toBe(true);
    await until(async () => (await look()).health === 'disconnected', 'the end of the client');
  });
});
