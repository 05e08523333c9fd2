import { execFile } from 'node:child_process';
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { layoutGeometry } from '../../src/activities/sessions/compare-layout.ts';
import { listSessionState } from '../../src/activities/sessions/list-session-state.ts';
import { createTmux } from '../../src/activities/sessions/tmux.ts';
import { useCli } from '../support/cli.ts';
import { createTmuxServer, skipWithoutTmuxp, type TmuxServer } from '../support/tmux-server.ts';
import { until } from '../support/until.ts';

const run = promisify(execFile);
const NAME = 'my work';

describe.skipIf(skipWithoutTmuxp)('rerail session export --format tmuxp', () => {
  const cli = useCli();
  let original: TmuxServer;
  let loaded: TmuxServer;
  beforeAll(async () => {
    original = await createTmuxServer();
    loaded = await createTmuxServer();
  });
  afterAll(async () => {
    await original.stop();
    await loaded.stop();
  });

  const sessionOf = async ({ socket }: TmuxServer) => {
    const listed = await listSessionState(createTmux({ socket }), undefined, (text) => text);
    return listed?.sessions.map(({ name, windows }) => ({
      name,
      windows: windows.map(({ index, name: window, active, layout, panes }) => ({
        ...{ index, name: window, active, layout: layoutGeometry(layout) },
        panes: panes.map((pane) => ({ index: pane.index, active: pane.active, cwd: pane.cwd })),
      })),
    }));
  };
  const running = ({ socket }: TmuxServer, word: string) =>
    until(async () => {
      const listed = await listSessionState(createTmux({ socket }), undefined, (text) => text);
      const panes = listed?.sessions.flatMap(({ windows }) => windows.flatMap((window) => window.panes)) ?? [];
      return panes.find(({ argv }) => argv[0] === word)?.argv;
    }, word);

  it('is loaded by tmuxp as the same windows, panes, layout, directories and commands', async () => {
    const { tmux, folder } = original;
    // What a shell, tmux and tmuxp would each take for their own.
    const cwd = join(folder, `two  spaces 'and" #{pid} #(touch pwned) $HOME;`);
    await mkdir(cwd);
    const given = cwd.replaceAll('#', '##').replace(/;$/, '\\;');
    const { pane } = await original.start(NAME, { cwd: given });
    await tmux('rename-window', 'editor');
    await tmux('split-window', '-d', '-h', '-l', '30%', '-t', pane, '-c', '/usr');
    await tmux('split-window', '-v', '-l', '60%', '-t', pane, '-c', given);
    const command = ['tail', '-f', '/dev/null', '$HOME', "it's ${HOME}"];
    await tmux('new-window', '-d', '-t', `${NAME}:3`, '-n', 'yes', '-c', '/usr', ...command);
    await tmux('new-window', '-d', '-t', `${NAME}:4`, '-n', '12:30');
    await tmux('new-window', '-d', '-t', `${NAME}:5`, '-n', '~');
    await tmux('new-window', '-d', '-t', `${NAME}:6`, '-n', '~ $HOME ${HOME}\\;');
    await tmux('new-window', '-t', `${NAME}:7`, '-n', '##(touch pwned) ##{pid}', '-c', '/');
    await tmux('split-window', '-d', '-t', `${NAME}:7`, '-c', '/usr');
    await running(original, 'tail');
    const before = await sessionOf(original);
    const names = ['editor', 'yes', '12:30', '~', '~ $HOME ${HOME};', '#(touch pwned) #{pid}'];
    expect(before?.[0]?.windows.map(({ name }) => name)).toEqual(names);
    expect(before?.[0]?.windows[0]?.panes.map((each) => each.cwd)).toEqual([cwd, cwd, '/usr']);

    const { stdout } = await cli.rerail(['session', 'export', NAME, '--socket', original.socket]);
    const file = join(loaded.folder, 'session.yaml');
    await writeFile(file, stdout);
    const env = { PATH: process.env['PATH'], HOME: loaded.folder, SHELL: '/bin/sh', TERM: 'xterm', LANG: 'C.UTF-8' };
    const load = ['load', '-d', '-y', '-S', loaded.socket, '-f', '/dev/null', file];
    await run('tmuxp', load, { env, cwd: loaded.folder });

    expect(await running(loaded, 'tail')).toEqual(command);
    expect(await sessionOf(loaded)).toEqual(before);
    for (const place of [folder, loaded.folder, '/', '/usr'])
      await expect(stat(join(place, 'pwned'))).rejects.toThrow('ENOENT');
  });
});
