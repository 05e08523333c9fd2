import { spawn } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { MAIN, stopChild, useCli } from '../support/cli.ts';
import { until } from '../support/until.ts';

const cli = useCli();
const NOBODY = 'No worker polls the task queue cli-';

describe('without a worker', () => {
  const target = (): string => `cli/nobody-${cli.unique}`;

  it('starts a recovery, and says that nothing happens before a worker comes', async () => {
    const started = await cli.rerail(['recover', '--target', target(), '--message', 'it broke']);
    expect(started).toMatchObject({ code: EXIT.done, stdout: expect.stringContaining('Started recovery/') as string });
    expect(started.stderr).toContain(NOBODY);
    expect(started.stderr).toContain('rerail worker');
  });

  it('says so to who waits for an answer', async () => {
    const words = ['recovery', 'show', target()];
    const child = spawn(process.execPath, [MAIN, ...words], { cwd: cli.root, env: cli.environment });
    let said = '';
    child.stderr.on('data', (text: Buffer) => (said += text.toString()));
    await until(() => Promise.resolve(said.includes(NOBODY)), 'the word that nobody is there');
    await stopChild(child, 'SIGKILL');
  });
});

describe('what a failure needs', () => {
  it.each([
    [['release/web', '--message', 'it broke'], 'what broke', '--target release/web'],
    [['--target', 'release/web'], 'how it failed', '--message'],
  ])('is asked for by the name of its option: %j', async (words, what, flag) => {
    const { code, stderr } = await cli.rerail(['recover', ...words]);
    expect(code).toBe(EXIT.usage);
    expect(stderr).toContain(`it is not said ${what}`);
    expect(stderr).toContain(flag);
  });
});
