import type { ChildProcess } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { createRecoveryClient } from '../../src/client/recovery-client.ts';
import { waitsFor } from '../support/broken-target.ts';
import { stopChild, useCli } from '../support/cli.ts';
import { until } from '../support/harness.ts';

const cli = useCli();
const { rerail, json, file } = cli;
let worker: ChildProcess;
beforeAll(async () => {
  worker = await cli.startWorker();
});
afterAll(() => stopChild(worker));

const node = (script: string): string => `{kind: command, argv: [node, -e, ${JSON.stringify(script)}]}`;
const append = (word: string): string => node(`fs.appendFileSync('effects', '${word} ')`);

const document = (operations: string[], more = ''): string =>
  `apiVersion: rerail/v1\nkind: Transaction\nmetadata: {name: order}\nspec:\n${more}  operations:\n${operations.map((text) => `    - ${text}\n`).join('')}`;

const effects = (folder: string): Promise<string> => readFile(path.join(cli.root, folder, 'effects'), 'utf8');

// At once: they wait for processes most of the time.
describe.concurrent('transactions and receipts on the command line', () => {
  it('runs a transaction from a file to its end, and finds it again by its key', async () => {
    const name = await file(
      'good/order.yaml',
      document(
        [
          `{id: reserve, operation: ${append('reserve')}, undo: ${append('release')}, timeout: "{{ inputs.limit }}"}`,
          `{id: charge, operation: ${append('charge')}}`,
        ],
        '  inputs: {limit: 20s}\n',
      ),
    );
    const dry = await rerail(['transaction', 'run', name, '--dry-run']);
    expect(dry).toMatchObject({ code: EXIT.done });
    expect(dry.stdout).toMatch(/reserve.*node -e.*20s/);
    const words = ['transaction', 'run', name, '--key', `good-${cli.unique}`];
    const report = await json(words);
    expect(report).toMatchObject({
      status: 'committed',
      operations: [{ status: 'succeeded' }, { status: 'succeeded' }],
    });
    expect(await json(words)).toEqual(report);
    expect(await effects('good')).toBe('reserve charge ');
  });

  it('undoes what an operation that fails leaves behind, and says so with exit code 3', async () => {
    const name = await file(
      'bad/order.yaml',
      document([
        `{id: reserve, operation: ${append('reserve')}, undo: ${append('release')}}`,
        `{id: charge, operation: ${node('process.exit(7)')}, undo: ${append('refund')}}`,
      ]),
    );
    const ended = await rerail(['transaction', 'run', name]);
    expect(ended.code).toBe(EXIT.unrecovered);
    expect(ended.stdout).toMatch(/order undone, 2 operations undone; charge: .*exit code 7/);
    expect(await effects('bad')).toBe('reserve refund release ');
  });

  it('cancels one on request, undone', async () => {
    const name = await file(
      'slow/order.yaml',
      document([
        `{id: reserve, operation: ${append('reserve')}, undo: ${append('release')}}`,
        `{id: wait, operation: ${node("fs.appendFileSync('effects', 'wait '); setInterval(() => {}, 1000)")}}`,
      ]),
    );
    const key = `slow-${cli.unique}`;
    expect((await rerail(['transaction', 'run', name, '--key', key, '--detach'])).stdout).toContain(
      `transaction/${key}`,
    );
    await until(async () => (await effects('slow').catch(() => '')) === 'reserve wait ', 'the second operation');
    const refused = await rerail(['transaction', 'cancel', key]);
    expect(refused).toMatchObject({ code: EXIT.approval, stdout: '' });
    expect(refused.stderr).toContain('would stop and undo: reserve');
    expect((await rerail(['transaction', 'cancel', key, '--yes'])).code).toBe(EXIT.done);
    const report = await cli.resultOf(`transaction/${key}`);
    expect(report).toMatchObject({ status: 'undone', cancelled: true });
    expect((report as { summary: string }).summary).toBe(
      'order undone, 1 operations undone; wait has no undo; it was cancelled',
    );
    expect(await effects('slow')).toBe('reserve wait release ');
    expect(await json(['transaction', 'show', key], EXIT.unrecovered)).toEqual(report);
    await until(async () => {
      const listed = await json<{ key: string; status: string }[]>(['transaction', 'list']);
      return listed.find((row) => row.key === key)?.status === 'undone';
    }, 'the transaction in the list');
  });

  it('names line, column and field of what is wrong, and starts nothing', async () => {
    const name = await file(
      'wrong/order.yaml',
      document([
        `{id: a, operation: {kind: command, argv: []}}`,
        `{id: b, operation: ${node('{{ actions.c.output.x }}')}}`,
      ]),
    );
    const key = `wrong-${cli.unique}`;
    const ended = await rerail(['transaction', 'run', name, '--key', key]);
    expect(ended.code).toBe(EXIT.invalid);
    expect(ended.stderr).toMatch(
      /transaction-invalid.*order\.yaml:6:\d+: spec\.operations\.0\.operation\.argv: must name/,
    );
    expect(await cli.exists(`transaction/${key}`)).toBe(false);
  });

  it('writes the receipt of an approved recovery, which is checked without a server and shows a change', async () => {
    const target = `cli/receipt-${cli.unique}`;
    const id = `recovery/${target}`;
    const key = await file('key', 'k'.repeat(40));
    const connection = await Connection.connect({ address: inject('serverAddress') });
    const recoveries = createRecoveryClient({ client: new Client({ connection }), taskQueue: `cli-${cli.unique}` });
    const operation = { kind: 'activity' as const, name: 'noop' };
    const { handle } = await recoveries.start({ target, message: 'it broke', operation }, { playbook: 'approved' });
    await waitsFor(handle, 'approval');
    const early = await rerail(['recovery', 'report', id]);
    expect(early).toMatchObject({ stdout: '', stderr: expect.stringContaining('action-not-applicable') as string });
    await handle.approve({ planHash: (await handle.plan())!.hash, by: 'ada', reason: 'fine' });
    expect(await handle.result()).toMatchObject({ status: 'recovered' });
    await connection.close();
    expect((await rerail(['recovery', 'report', id, '--markdown'])).stdout).toMatch(
      /^# cli\/receipt-\w+: recovered after[\s\S]*## What a person decided\n\n- \S+ ada approved plan [\s\S]*## What is left to do/,
    );

    const name = path.join(cli.root, 'web.receipt.jsonl');
    const made = await json(['recovery', 'report', id, '--receipt', name, '--sign-key-file', key]);
    expect(made).toMatchObject({ file: name, signed: true });
    expect((await rerail(['recovery', 'report', id, '--receipt', name])).code).toBe(EXIT.usage);
    const text = await readFile(name, 'utf8');
    const unsigned = await rerail(['recovery', 'report', id, '--receipt', '-', '-o', 'json']);
    expect(unsigned.stdout.split('\n').slice(1)).toEqual(text.split('\n').slice(1));

    const offline = { env: { RERAIL_ADDRESS: '127.0.0.1:1' } };
    const whole = await rerail(['receipt', 'verify', name, '--sign-key-file', key], offline);
    expect(whole).toMatchObject({ code: EXIT.done, stdout: expect.stringContaining('signed with this key') as string });
    await writeFile(name, text.replace('"reason":"fine"', '"reason":"good"'));
    const broken = await rerail(['receipt', 'verify', name], offline);
    expect(broken).toMatchObject({ code: EXIT.invalid, stdout: '' });
    expect(broken.stderr).toMatch(
      /receipt-broken.*web\.receipt\.jsonl:\d+: entry \d+, approval: its content is not what was/,
    );
  });
});
