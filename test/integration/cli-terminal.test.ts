import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ChildProcess } from 'node:child_process';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { stopChild, useCli, type Ended } from '../support/cli.ts';
import { until } from '../support/until.ts';

const cli = useCli();
let worker: ChildProcess;

beforeAll(async () => {
  worker = await cli.startWorker();
});
afterAll(() => stopChild(worker));

async function waiting(target: string, playbook: string): Promise<string> {
  const given = ['--target', target, '--message', 'broken', '--playbook', playbook];
  const { workflowId } = await cli.json<{ workflowId: string }>(['recover', ...given, '--', 'true']);
  await until(
    async () => /^awaiting/.test((await cli.json<{ status: string }>(['recovery', 'show', workflowId])).status),
    `${workflowId} waits`,
  );
  return workflowId;
}

it('asks for a yes and a reason, shows the plan first, and does nothing without them', async () => {
  const id = await waiting(`cli/term-${cli.unique}`, 'approved');
  const refused = await cli.onTerminal(['recovery', 'cancel', id], [[/Go on\?/, 'n']]);
  expect(refused).toMatchObject({ code: EXIT.approval });
  expect(refused.stdout).toMatch(/would be stopped and what it has begun undone[\s\S]*nothing was changed/);
  const approved = await cli.onTerminal(
    ['recovery', 'approve', id, '--by', 'ada'],
    [[/You would approve plan [0-9a-f]{12}[\s\S]*Go on\?/, 'y']],
  );
  expect(approved.stdout).toMatch(/retry: [\s\S]*0 of 1 approvals[\s\S]*point of no return/);
  expect(approved).toMatchObject({ code: EXIT.done });
});

it('completes ids of what is there, and nothing where no server answers', async () => {
  const id = await waiting(`cli/complete-${cli.unique}`, 'ask');
  const asking = ['complete', '--', 'recovery', 'approve', ''];
  await until(async () => (await cli.rerail(asking)).stdout.includes(`${id}\tmanual:fix\n`), 'the id is offered');
  const alone = await cli.rerail(asking, { env: { RERAIL_ADDRESS: '127.0.0.1:1' } });
  expect(alone).toMatchObject({ code: EXIT.done, stdout: ':4\n', stderr: '' });
  const { stdout } = await cli.rerail(['completion', 'bash']);
  expect(stdout).toContain('rerail complete -- ');
});

it('draws a recovery as a tree while it goes on, and its report at the end', async () => {
  const id = await waiting(`cli/tree-${cli.unique}`, 'ask');
  let watched: Promise<Ended> | undefined;
  await new Promise<void>((drawn) => {
    watched = cli.onTerminal(['recovery', 'watch', id], [[/Waits for manual:fix/, drawn]]);
  });
  const answered = await cli.onTerminal(
    ['recovery', 'decide', id, 'fix', 'abort', '--by', 'ada'],
    [[/Why\?/, 'cannot be mended\r']],
  );
  expect(answered.stdout).toContain('Why? It is kept with what is done.');
  await cli.rerail(['recovery', 'cancel', id, '--yes']);
  const { stdout, code } = await watched!;
  expect(stdout).toMatch(/0 of 2 actions[\s\S]*├─ ● waiting {2}Fix it[\s\S]*└─/);
  expect(stdout).toMatch(/Waits for manual:fix since .* ago/);
  expect(code).not.toBe(EXIT.done);
});

it('draws the same tree with --watch, where it was started and where it is shown', async () => {
  const target = `cli/watched-${cli.unique}`;
  const id = `recovery/${target}`;
  const watching: Promise<Ended>[] = [];
  const drawnBy = (words: string[]): Promise<void> =>
    new Promise((drawn) => watching.push(cli.onTerminal(words, [[/Waits for manual:fix/, drawn]])));
  const given = ['--target', target, '--message', 'broken', '--playbook', 'ask', '--watch', '--', 'true'];
  await drawnBy(['recover', ...given]);
  await drawnBy(['recovery', 'show', id, '--watch']);
  const late = await cli.rerail(['recovery', 'show', id, '--watch', '--timeout', '1ms']);
  expect(late).toMatchObject({ code: EXIT.timeout, stderr: expect.stringContaining('Still awaiting') as string });
  expect(await cli.rerail(['recovery', 'show', id, '--watch', '--plan'])).toMatchObject({ code: EXIT.usage });
  await cli.rerail(['recovery', 'complete', id, 'fix', '--by', 'ada']);
  for (const { stdout, code } of await Promise.all(watching)) {
    expect(stdout).toMatch(/0 of 2 actions[\s\S]*├─ ● waiting {2}Fix it[\s\S]*└─[\s\S]*recovered/);
    expect(code).toBe(EXIT.done);
  }
});
