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
