import { once } from 'node:events';
import type { ChildProcess } from 'node:child_process';
import { ApplicationFailure } from '@temporalio/common';
import { afterAll, describe, expect, inject, it } from 'vitest';
import { EXIT } from '../../src/cli/exit-codes.ts';
import type { BulkReport } from '../../src/domain/bulk.ts';
import { stopChild, useCli } from '../support/cli.ts';
import { until } from '../support/harness.ts';
import { createUserHarness, type UserHarness } from '../support/user/user-harness.ts';

const cli = useCli();
const SIGNED = ['--by', 'ada', '--reason', 'mended'];
let opened: UserHarness | undefined;
let worker: ChildProcess | undefined;

/** The user's own worker, on a queue of its own; bulk recoveries run in the worker of the command line. */
const users = async (): Promise<UserHarness> =>
  (opened ??= await createUserHarness({ address: inject('serverAddress'), playbooks: '' }));

afterAll(async () => {
  await stopChild(worker, 'SIGKILL');
  await opened?.stop();
});

async function failed(prefix: string, count: number): Promise<string> {
  const { client, taskQueue, users: fakes } = await users();
  fakes['ship'] = () => {
    throw ApplicationFailure.create({ message: 'the van broke down' });
  };
  await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const options = { taskQueue, workflowId: `${prefix}-${index}`, args: [{ index }] };
      await (await client.workflow.start('parcel', options)).result().catch(() => undefined);
    }),
  );
  const query = `WorkflowId STARTS_WITH '${prefix}-'`;
  await until(async () => (await client.workflow.count(query)).count === count, 'the list');
  delete fakes['ship'];
  return query;
}

describe('existing workflows on the command line', () => {
  it('recovers one execution, and lists, retries, pauses and unpauses failing activities', async () => {
    const prefix = `one-${cli.unique}`;
    await failed(prefix, 1);
    const { client, taskQueue, users: fakes } = await users();
    const id = `${prefix}-0`;
    const unsigned = await cli.rerail(['execution', 'recover', id]);
    expect(unsigned).toMatchObject({ code: EXIT.usage });
    expect(await cli.json(['execution', 'recover', id, '--dry-run', ...SIGNED])).toMatchObject({
      type: 'parcel',
      status: 'FAILED',
    });
    const done = await cli.rerail(['execution', 'recover', id, '--wait', ...SIGNED]);
    expect(done).toMatchObject({ code: EXIT.done, stdout: `${id}: recovered\n` });
    expect((await cli.rerail(['execution', 'recover', 'nobody', ...SIGNED])).code).toBe(EXIT.notFound);

    fakes['ship'] = () => {
      throw ApplicationFailure.create({ message: 'the van broke down' });
    };
    const workflowId = `stuck-${cli.unique}`;
    const stuck = await client.workflow.start('stuck', { taskQueue, workflowId, args: [{}] });
    const query = `WorkflowId = '${workflowId}'`;
    const found = await until(async () => {
      const ended = await cli.json<unknown[]>(['activity', 'failing', '--min-attempts', '2', '--query', query]);
      return ended.length > 0 && ended;
    }, 'the failing activity');
    expect(found).toMatchObject([{ type: 'ship', lastFailure: 'the van broke down' }]);
    expect((await cli.rerail(['activity', 'retry-now'])).code).toBe(EXIT.usage);
    const dry = await cli.rerail(['activity', 'retry-now', workflowId, '--dry-run']);
    expect(dry.stdout).toContain('1 would be tried again now');
    expect((await cli.rerail(['activity', 'pause', workflowId, ...SIGNED])).stdout).toBe('1 paused\n');
    fakes['ship'] = () => 'by train';
    expect((await cli.rerail(['activity', 'unpause', '--query', query])).stdout).toBe('1 going on\n');
    expect(await stuck.result()).toBe('by train');
  });

  it('recovers thirty, each once, although the worker is killed in the middle', async () => {
    const prefix = `many-${cli.unique}`;
    const query = await failed(prefix, 30);
    const { seen } = await users();
    seen.length = 0;
    const name = `outage-${cli.unique}`;
    const pace = ['--rate', '1200', '--max-concurrent', '5', '--watch-for', '30s', '--max-errors', '0'];
    const preview = await cli.rerail(['bulk', 'start', name, '--query', query]);
    expect(preview.stdout).toContain('30 failed executions would be recovered by reset');
    worker = await cli.startWorker();
    await cli.rerail(['bulk', 'start', name, '--query', query, ...pace, '--execute', ...SIGNED]);
    const shipped = () => seen.filter((call) => call.name === 'ship').length;
    await until(() => Promise.resolve(shipped() >= 5), 'the first of them');
    worker.kill('SIGKILL');
    await once(worker, 'exit');
    expect(shipped()).toBeLessThan(30);
    worker = await cli.startWorker();
    const report = await cli.json<BulkReport>(['bulk', 'show', name, '--wait']);
    expect(report).toMatchObject({ status: 'done', counts: { recovered: 30, failed: 0, skipped: 0 } });
    expect(shipped()).toBe(30);
    const listed = await cli.json<{ name: string; status: string }[]>(['bulk', 'list']);
    expect(listed.find((bulk) => bulk.name === name)).toBeDefined();
    expect((await cli.rerail(['bulk', 'stop', name, ...SIGNED])).code).not.toBe(EXIT.done);
    expect((await cli.rerail(['bulk', 'show', 'nobody'])).code).toBe(EXIT.notFound);
  });
});
