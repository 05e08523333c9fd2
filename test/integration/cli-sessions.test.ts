import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ChildProcess } from 'node:child_process';
import { parse } from 'yaml';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { stopChild, useCli } from '../support/cli.ts';
import { createTmuxServer, skipWithoutTmux, type TmuxServer } from '../support/tmux-server.ts';

describe.skipIf(skipWithoutTmux)('rerail session', () => {
  const cli = useCli();
  let server: TmuxServer;
  let worker: ChildProcess;
  beforeAll(async () => {
    server = await createTmuxServer();
    worker = await cli.startWorker();
  });
  afterAll(async () => {
    await stopChild(worker);
    await server.stop();
  });

  it('lists, shows, exports, captures, checks and restores', async () => {
    const rerail = (...words: string[]) => cli.rerail(['session', ...words, '--socket', server.socket]);
    const own = ['--subject', `session/cli-${cli.unique}`];
    await server.start('my work', { command: ['sleep', '1000'] });
    expect((await rerail('list')).stdout).toMatch(/my work +1 +1/);
    expect((await rerail('show', 'my work')).stdout).toContain('sleep 1000');
    const exported = await rerail('export', 'my work', '--format', 'tmuxp');
    expect(exported.stderr).toContain('Scrollback is not part');
    expect(parse(exported.stdout)).toMatchObject({
      session_name: 'my work',
      windows: [{ panes: [{ shell_command: ['sleep 1000'] }] }],
    });
    expect((await rerail('capture', 'my work', ...own, '--dry-run')).code).toBe(EXIT.done);
    const captured = await rerail('capture', 'my work', ...own);
    expect(captured.stdout).toMatch(/^cp_\w+ of session\/cli-/);
    const listed = await cli.json<object[]>(['checkpoint', 'list', ...own]);
    expect(listed).toHaveLength(1);
    expect(await rerail('check', 'my work', ...own)).toMatchObject({ code: EXIT.done });
    await server.kill();
    const crashed = await rerail('check', 'my work', ...own);
    expect(crashed).toMatchObject({ code: EXIT.invalid });
    expect(crashed.stdout).toMatch(/^crashed: .*compared with cp_/);
    expect((await rerail('restore', 'my work', ...own, '--dry-run')).stdout).toContain('crashed');
    expect(await rerail('restore', 'my work', ...own)).toMatchObject({ code: EXIT.approval });
    const restored = await rerail('restore', 'my work', ...own, '--yes');
    expect(restored.stdout).toContain('typed in pane 0, not run: sleep 1000');
    expect((await rerail('list')).stdout).toContain('my work');
    expect(await rerail('show', 'gone')).toMatchObject({ code: EXIT.notFound });
  });
});
